from xml.etree import ElementTree

from frontdesk.evaluation import plots

SVG = "{http://www.w3.org/2000/svg}"


def test_a_recall_plot_has_a_line_for_each_curve():
    svg = plots.recall_plot("Recall <demo>", {"shipped": [0.5, 1.0], "dense": [0, 0.2]})
    root = ElementTree.fromstring(svg)
    assert len(root.findall(f"{SVG}circle")) == 4
    texts = [node.text for node in root.findall(f"{SVG}text")]
    assert "Recall <demo>" in texts
    assert {"shipped", "dense"} <= set(texts)


def test_the_best_value_is_at_the_top():
    svg = plots.reliability_plot("Gate", "said", "was", [(1.0, 1.0), (0.0, 0.0)])
    last = [c.attrib for c in ElementTree.fromstring(svg).findall(f"{SVG}circle")][2:]
    assert (last[0]["cx"], last[0]["cy"]) == ("504.0", "40.0")
    assert (last[1]["cx"], last[1]["cy"]) == ("56.0", "332.0")


def test_a_plot_without_points_is_still_a_plot():
    ElementTree.fromstring(plots.reliability_plot("Gate", "x", "y", []))

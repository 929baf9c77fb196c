from pathlib import Path

from frontdesk.knowledge.html_files import read_html

PAGE = """<!doctype html><html lang="en-GB"><head><title>Returns | Shop</title>
<link rel="canonical" href="https://x.example/returns"><style>p {}</style></head>
<body><nav><a href="/">Home</a></nav><main><h1>Returns</h1>
<script>alert("no")</script><p>You have <b>30</b>
days.<br>Really.</p><p hidden>secret</p>
<h2>What it costs</h2><ul><li>Small: <i>free</i></li><li>Large<ul><li>up to 20 kg: £5
</li></ul></li></ul><ol><li>Pack</li><li>Send</li></ol>
<table><tr><th>Size</th><th>Fee</th></tr><tr><td>S</td><td>£0</td></tr></table>
<dl><dt>Refund</dt><dd>in 5 days</dd></dl></main><footer>Imprint</footer></body></html>
"""


def test_structure_stays_and_the_rest_of_the_page_goes(tmp_path: Path) -> None:
    path = tmp_path / "returns.html"
    path.write_text(PAGE)

    [document], left_out = read_html(path)

    assert left_out == []
    assert (document.title, document.locale) == ("Returns", "en-GB")
    assert document.url == "https://x.example/returns"
    assert document.text == (
        "You have 30 days.\nReally.\n\n## What it costs\n\n- Small: free\n- Large\n"
        "  - up to 20 kg: £5\n\n1. Pack\n2. Send\n\n| Size | Fee |\n| --- | --- |\n"
        "| S | £0 |\n\nRefund:\nin 5 days"
    )


def test_a_page_without_heading_is_named_by_its_title(tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    path.write_text("<title>Hours</title><p>Open <!-- not --> daily")

    [document], _ = read_html(path)

    assert (document.title, document.text) == ("Hours", "Open daily")

import json

import pytest

from frontdesk.evaluation import report
from frontdesk.evaluation.jobs import Measured
from frontdesk.settings import Settings

COUNTS = {"n": 60, "right": 48, "decisions": {"answer": 60}}


def answers_set(right):
    return Measured(
        "answers",
        "answers",
        {"right": right, "ms_p50": 10.0, "n": 60, "by_kind": {"answerable": COUNTS}},
        cases={"right": 60},
        bins=[(0.2, 0.1, 20), (0.9, 0.95, 40)],
        ablation={"as shipped": {"right": right, "ms_p50": 10.0, "n": 60}},
    )


RETRIEVAL = Measured(
    "retrieval",
    "shop dev",
    {"hit@1": 0.9, "n": 50},
    curves={"as shipped": [0.9, 1.0]},
    ablation={"as shipped": {"hit@1": 0.9, "ms_p50": 1.0, "n": 50}},
)


@pytest.fixture
def write(tmp_path):
    def run(*sets):
        settings = Settings(var=tmp_path / "var")
        return report.write_report("demo", sets, settings, tmp_path / "docs")

    return run


def test_the_report_holds_figures_counts_ablation_and_plots(write, tmp_path):
    assert write(answers_set(0.8), RETRIEVAL) == []
    text = (tmp_path / "docs/quality.md").read_text()
    assert "## The demo shop" in text
    assert "| answers | 0.800 | 10.0 | 60 |" in text
    assert "| answerable | 60 | 48 |" in text
    assert "| as shipped | 0.900 | 1.000 | 50 |" in text
    for name in ("demo-answers-answers.svg", "demo-retrieval-shop-dev.svg"):
        assert f"(plots/{name})" in text
        assert (tmp_path / "docs/plots" / name).is_file()


def test_a_run_says_when_where_and_with_what(write, tmp_path):
    write(answers_set(0.8))
    run = json.loads((tmp_path / "docs/quality.json").read_text())["demo"]
    assert {"date", "commit", "encoder", "generator", "machine"} <= run.keys()
    assert str(tmp_path) not in (tmp_path / "docs/quality.md").read_text()


def test_a_regression_is_reported_and_does_not_become_the_measure(write, tmp_path):
    write(answers_set(0.8))
    before = (tmp_path / "docs/quality.json").read_text()
    [sentence] = write(answers_set(0.4))
    assert sentence.startswith("answers answers: right was 0.800 and is 0.400")
    assert (tmp_path / "docs/quality.json").read_text() == before
    rejected = tmp_path / "var/evaluation/demo/quality.md"
    assert "| answers | 0.400 |" in rejected.read_text()


def test_a_change_within_noise_replaces_the_run(write, tmp_path):
    write(answers_set(0.8))
    assert write(answers_set(0.75)) == []
    assert "0.750" in (tmp_path / "docs/quality.md").read_text()


def test_an_incomplete_run_does_not_become_the_measure(tmp_path):
    settings = Settings(var=tmp_path / "var")
    docs = tmp_path / "docs"
    assert (
        report.write_report("demo", [RETRIEVAL], settings, docs, complete=False) == []
    )
    assert not docs.exists()
    assert (tmp_path / "var/evaluation/demo/quality.md").is_file()


def test_runs_of_other_folders_are_kept(write, tmp_path):
    write(answers_set(0.8))
    path = tmp_path / "docs/quality.json"
    stored = json.loads(path.read_text())
    path.write_text(json.dumps({"public": stored["demo"]}))
    write(answers_set(0.9))
    text = (tmp_path / "docs/quality.md").read_text()
    assert text.index("## The demo shop") < text.index("## Sets in `public`")

import pytest

from frontdesk.evaluation import jobs
from frontdesk.evaluation.jobs import Job, Measured
from frontdesk.evaluation.sets import EvaluationError

FIGURES = Measured(
    "answers", "a", {"right": 0.5, "n": 2}, bins=[(0.1, 0.0, 2)], cases={"right": 2}
)


class Work:
    """A job's work: counts how often it is done, and fails when it is told to."""

    def __init__(self, fails=None):
        self.fails = fails
        self.done = 0

    def __call__(self):
        if self.fails:
            raise self.fails
        self.done += 1
        return FIGURES


@pytest.fixture
def run(tmp_path):
    """Runs works as jobs of one file each, the first one's being `set.jsonl`."""

    def run(*works, fingerprint="code 1"):
        names = [f"answers set {number}" for number in range(len(works))]
        files = (tmp_path / "set.jsonl",)
        todo = [Job(n, w, files, 30.0) for n, w in zip(names, works, strict=True)]
        return jobs.run_jobs(todo, tmp_path / "kept", fingerprint)

    (tmp_path / "set.jsonl").write_text("{}\n")
    return run


def test_a_run_that_was_cut_off_goes_on_where_it_stopped(run, capsys):
    first, second = Work(), Work(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        run(first, second)
    second.fails = None
    measured, failed = run(first, second)
    assert (first.done, second.done, failed) == (1, 1, [])
    assert [one.value for one in measured] == [FIGURES.value] * 2
    assert measured[0].cases == FIGURES.cases
    assert "1 of 2 sets to measure, less than a minute" in capsys.readouterr().err


def test_other_code_or_another_file_is_measured_anew(run, tmp_path):
    work = Work()
    run(work)
    run(work, fingerprint="code 2")
    assert work.done == 2
    (tmp_path / "set.jsonl").write_text('{"id": 1}\n')
    run(work, fingerprint="code 2")
    assert work.done == 3


def test_nothing_is_kept_when_the_code_is_not_known(run, tmp_path):
    work = Work()
    run(work, fingerprint="")
    run(work, fingerprint="")
    assert work.done == 2
    assert not (tmp_path / "kept").exists()


def test_a_damaged_result_is_measured_again(run, tmp_path):
    work = Work()
    run(work)
    [path] = (tmp_path / "kept").iterdir()
    path.write_text(path.read_text()[:40])
    run(work)
    assert work.done == 2


def test_a_set_that_cannot_be_used_is_tried_again(run):
    work, odd = Work(), Work(EvaluationError("It is odd."))
    assert run(odd, work)[1] == ["It is odd."]
    odd.fails = None
    assert run(odd, work)[1] == []
    assert (odd.done, work.done) == (1, 1)


def test_what_is_kept_can_be_thrown_away(run, tmp_path):
    work = Work()
    run(work)
    jobs.forget(tmp_path / "kept")
    run(work)
    assert work.done == 2


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (3, "less than a minute"),
        (55, "about 1 minute"),
        (900, "about 15 minutes"),
        (7200, "about 2.0 hours"),
    ],
)
def test_expected_times_are_said_roughly(seconds, words):
    assert jobs.duration(seconds) == words

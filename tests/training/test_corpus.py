import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from frontdesk.training.corpus import CorpusError, check_corpus, load_corpus, main

REAL = Path(__file__).resolve().parents[2] / "training" / "corpus"
ARTICLES = {
    "kayak": "A kayak costs £12 an hour.\nThe deposit is £50.",
    "canoe": "A canoe costs £15 an hour. Dogs may come along.",
}
WORDS = "alder birch cedar dogwood elm fir gorse hazel ivy juniper".split()


def answerable(number: int) -> dict[str, Any]:
    return {
        "id": f"boats-{number}",
        "kind": "answerable",
        "turns": [{"role": "user", "text": f"price of a kayak {WORDS[number]}"}],
        "relevant": ["kayak"],
        "support": ["A kayak costs £12 an hour. The deposit is £50."],
        "answer": "A kayak costs £12 an hour.",
        "choices": [],
        "hard_negatives": ["canoe"],
        "altered": [
            {
                "reply": "A kayak costs £15 an hour.",
                "alteration": "number",
                "span": "£15",
            }
        ],
    }


def boats() -> list[dict[str, Any]]:
    """Ten sound questions: five answerable, two unanswerable, two to ask back."""
    rows = [answerable(number) for number in range(10)]
    for row in rows[5:7]:
        row |= {
            "kind": "unanswerable",
            "relevant": [],
            "support": [],
            "answer": "",
            "hard_negatives": ["kayak", "canoe"],
            "altered": [],
        }
    for row in rows[7:9]:
        row |= {
            "kind": "underspecified",
            "relevant": ["kayak", "canoe"],
            "choices": ["kayak", "canoe"],
            "hard_negatives": [],
            "altered": [],
        }
    rows[9] |= {
        "kind": "followup",
        "turns": [
            *rows[9]["turns"],
            {"role": "bot", "text": "£12 an hour."},
            {"role": "user", "text": "and to hold it"},
        ],
    }
    return rows


def write(folder: Path, rows: list[dict[str, Any]]) -> Path:
    (folder / "boats" / "articles").mkdir(parents=True)
    for id_, text in ARTICLES.items():
        (folder / "boats" / "articles" / f"{id_}.md").write_text(
            f"---\nid: {id_}\ntitle: The {id_}\nurl: https://boats.example/{id_}\n"
            f"locale: en\n---\n\n{text}\n"
        )
    lines = [json.dumps(row) + "\n" for row in rows]
    (folder / "boats" / "questions.jsonl").write_text("".join(lines))
    return folder


def problems(folder: Path) -> list[str]:
    return check_corpus(folder, min_articles=2, min_questions=10)


def test_sound_corpus_has_no_problems(tmp_path: Path) -> None:
    assert problems(write(tmp_path, boats())) == []


def test_corpus_is_read_with_articles_and_questions(tmp_path: Path) -> None:
    (organisation,) = load_corpus(write(tmp_path, boats()))
    assert organisation.name == "boats"
    assert [article.id for article in organisation.articles] == ["canoe", "kayak"]
    assert organisation.questions[0].altered[0].span == "£15"
    assert organisation.questions[9].turns[1].role == "bot"


def alter(**changes: Any) -> Callable[[list[dict[str, Any]]], None]:
    return lambda rows: rows[0].update(changes)


def alter_reply(**changes: str) -> Callable[[list[dict[str, Any]]], None]:
    return lambda rows: rows[0]["altered"][0].update(changes)


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (alter(id="boats-1"), "question id 'boats-1' is used 2 times"),
        (alter(relevant=["kayak", "raft"]), "the article 'raft', which does not exist"),
        (alter(hard_negatives=["kayak"]), "both as relevant and as hard negative"),
        (alter(support=["A kayak costs £12."]), "which no relevant article contains"),
        (alter(answer=""), "lacks relevant articles, support or an answer"),
        (alter(answer="x" * 351), "has an answer of 351 characters"),
        (alter(choices=["kayak", "canoe"]), "offers 2 choices"),
        (alter(kind="unanswerable"), "is unanswerable, but has relevant articles"),
        (alter(kind="followup"), "has 1 turns"),
        (alter(turns=[{"role": "bot", "text": "Hello."}]), "do not alternate"),
        (alter_reply(span="£16"), "alters '£16', which its altered reply does not"),
        (
            alter_reply(reply="A kayak  costs £12 an hour.", span="£12"),
            "has an altered reply that equals the answer",
        ),
        (
            alter(turns=[{"role": "user", "text": "Price of a kayak, birch?"}]),
            "boats: boats-0 is nearly the same question as boats: boats-1",
        ),
    ],
)
def test_spoiled_question_is_reported(
    tmp_path: Path, spoil: Callable[[list[dict[str, Any]]], None], problem: str
) -> None:
    rows = boats()
    spoil(rows)
    assert any(problem in found for found in problems(write(tmp_path, rows)))


def test_too_few_of_a_kind_are_reported(tmp_path: Path) -> None:
    found = problems(write(tmp_path, boats()[:9]))
    assert "boats: 0% of the questions are followup, not 10%-20%" in found
    assert "boats: has 9 questions, at least 10 are needed" in found


def test_too_few_altered_replies_are_reported(tmp_path: Path) -> None:
    rows = [row | {"altered": []} for row in boats()]
    assert problems(write(tmp_path, rows)) == [
        "boats: fewer than half of the answered questions have an altered reply"
    ]


def test_line_that_is_no_question_names_file_and_line(tmp_path: Path) -> None:
    folder = write(tmp_path, [*boats(), {"id": "boats-11"}])
    with pytest.raises(CorpusError, match=r"questions\.jsonl:11 is not a question"):
        load_corpus(folder)


def test_article_without_front_matter_is_refused(tmp_path: Path) -> None:
    folder = write(tmp_path, boats())
    (folder / "boats" / "articles" / "raft.md").write_text("A raft.")
    with pytest.raises(CorpusError, match=r"raft\.md has no front matter"):
        load_corpus(folder)


def test_command_prints_counts_and_fails_on_problems(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(write(tmp_path, boats()))]) == 1
    printed = capsys.readouterr().out
    assert "boats: 2 articles, 10 questions (5 answerable, 2 unanswerable" in printed
    assert "boats: has 2 articles, at least 25 are needed" in printed


@pytest.mark.skipif(not REAL.is_dir(), reason="the corpus is not in this checkout")
def test_corpus_of_the_repository_has_no_problems() -> None:
    assert check_corpus(REAL) == []

"""`frontdesk mine`: questions to learn from, out of a shop's own conversations.

    frontdesk mine --out my-shop
    frontdesk train reader --data my-shop

What customers found helpful becomes an answerable question with the sentences that
support the answer. What they did not is listed in `corrections.jsonl`: whoever knows
better fills in `kind`, `relevant`, `support` and `answer` there, and the next `mine`
takes it over. The folder has the form of `training/corpus`, with the documents of the
index as articles. Questions are customers' own words: the files are the owner's alone.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from frontdesk.answering.check import check, shipped_threshold
from frontdesk.answering.sentences import split_units
from frontdesk.knowledge.documents import Passage
from frontdesk.knowledge.encoder import load_encoder
from frontdesk.knowledge.retriever import open_retriever
from frontdesk.settings import Settings
from frontdesk.training.corpus import (
    Article,
    CorpusError,
    gold_problems,
    question_of,
)

FEEDBACK = "feedback.jsonl"  # below FRONTDESK_VAR
CORRECTIONS = "corrections.jsonl"
QUESTIONS = "questions.jsonl"

Row = dict[str, Any]


def mine_command(out: Path, index: Path | None = None) -> int:
    """Write articles, questions and what is to be corrected; gives the exit status.

    Raises:
        CorpusError: There is no feedback, or a correction is not one.
        KnowledgeError: The index is missing, damaged or of another encoder.
    """
    settings = Settings.from_environ()
    source = settings.var / FEEDBACK
    if not source.is_file():
        raise CorpusError(
            f"{str(source)!r} is not there: no customer has judged an answer yet."
        )
    encoder = load_encoder(settings.encoder)
    passages = open_retriever(index or settings.index, encoder).passages
    articles = articles_of(passages)
    judged = last_verdicts(_read(source))
    helpful = [row for row in judged if row["value"] == "up"]
    found = [q for row in helpful if (q := supported(row, passages))]
    before = _read(out / CORRECTIONS) if (out / CORRECTIONS).is_file() else []
    wanting = corrections(judged, before)
    corrected = [row for row in wanting if row["kind"]]
    _validate(corrected, articles, out / CORRECTIONS)
    questions = {row["id"]: row for row in [*found, *map(_question, corrected)]}
    write_articles(articles, out / "articles")
    _write(out / QUESTIONS, questions.values())
    _write(out / CORRECTIONS, wanting)
    print(
        f"{len(questions)} questions in {out / QUESTIONS}: {len(found)} that customers "
        f"found answered, {len(corrected)} corrected.\n"
        f"{len(wanting) - len(corrected)} wait in {out / CORRECTIONS} to be corrected."
    )
    return 0


def last_verdicts(rows: Iterable[Row]) -> list[Row]:
    """The last line about each answer; what was taken back is left out."""
    last = {
        (row["conversation"], row["seq"]): row
        for row in rows
        if row.get("kind") == "feedback" and row.get("question")
    }
    return [row for row in last.values() if row["value"] in ("up", "down")]


def supported(row: Row, passages: Sequence[Passage]) -> Row | None:
    """A helpful answer as a question of the corpus.

    None where it cites nothing that is still there, or a sentence of it is supported
    by nothing that it cites.
    """
    cited = [p for p in passages if p.document_id in row.get("citations", ())]
    if row.get("decision") != "answer" or not cited:
        return None
    claims = check(
        row["answer"], [p.text for p in cited], titles=[p.title for p in cited]
    )
    if not claims or any(claim.support < shipped_threshold() for claim in claims):
        return None
    support, relevant = [], []
    for claim in claims:
        passage = cited[claim.passage]
        relevant.append(passage.document_id)
        units = [unit.text for unit in split_units(passage.text)]
        support += [text for text in units if text in claim.quote]
    return {
        **_asked(row),
        "kind": "answerable",
        "relevant": list(dict.fromkeys(relevant)),
        "support": list(dict.fromkeys(support)),
        "answer": row["answer"],
        "hard_negatives": [],
    }


def corrections(judged: Iterable[Row], before: Iterable[Row]) -> list[Row]:
    """What is to be corrected, with what was filled in before."""
    rows = {row["id"]: row for row in before}
    for row in judged:
        asked = _asked(row)
        if row["value"] == "down" and asked["id"] not in rows:
            rows[asked["id"]] = {
                **asked,
                "answered": row.get("answer", ""),
                "reason": row.get("reason", ""),
                "comment": row.get("comment", ""),
                "kind": "",
                "relevant": [],
                "support": [],
                "answer": "",
            }
    return list(rows.values())


def articles_of(passages: Iterable[Passage]) -> dict[str, Article]:
    """The documents that passages make up, by id."""
    parts: dict[str, list[Passage]] = {}
    for passage in passages:
        parts.setdefault(passage.document_id, []).append(passage)
    return {
        name: Article(
            name,
            found[0].title,
            found[0].url,
            found[0].locale,
            "\n\n".join(_section(passage) for passage in found),
        )
        for name, found in parts.items()
    }


def write_articles(articles: Mapping[str, Article], folder: Path) -> None:
    """One Markdown file an article, in place of those there."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for number, article in enumerate(articles.values()):
        meta = {
            "id": article.id,
            "title": article.title,
            "url": article.url,
            "locale": article.locale,
        }
        head = yaml.safe_dump(meta, allow_unicode=True, sort_keys=False)
        text = f"---\n{head}---\n\n{article.text}\n"
        (folder / f"{number:05d}.md").write_text(text, "utf-8")


def _section(passage: Passage) -> str:
    """A passage below its own heading, as the index will cut it again."""
    heading = passage.title_path[-1] if len(passage.title_path) > 1 else ""
    return f"## {heading}\n\n{passage.text}" if heading else passage.text


def _asked(row: Row) -> Row:
    return {
        "id": f"{row['conversation']}-{row['seq']}",
        "turns": [{"role": "user", "text": row["question"]}],
    }


def _question(row: Row) -> Row:
    own = ("id", "turns", "kind", "relevant", "support", "answer", "choices")
    return {
        **{key: row[key] for key in own if key in row},
        "hard_negatives": row.get("hard_negatives", []),
    }


def _validate(
    corrected: Iterable[Row], articles: Mapping[str, Article], path: Path
) -> None:
    for row in corrected:
        try:
            question = question_of(_question(row))
        except (ValueError, KeyError, TypeError) as error:
            raise CorpusError(
                f"{path}: {row['id']} is not a question ({error!r}). Correct the line."
            ) from error
        problems = list(gold_problems(question, articles))
        if question.kind != "unanswerable" and not (
            question.relevant and question.support and question.answer
        ):
            problems.append("lacks relevant articles, support or an answer")
        if problems:
            raise CorpusError(f"{path}: {row['id']} {problems[0]}. Correct the line.")


def _read(path: Path) -> list[Row]:
    """The objects of a file.

    Raises:
        CorpusError: A line is no JSON object.
    """
    found = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        try:
            row = json.loads(line)
            found.append({**row})
        except (ValueError, TypeError) as error:
            raise CorpusError(
                f"{path}:{number} is not a JSON object ({error}). Correct or remove "
                "the line."
            ) from error
    return found


def _write(path: Path, rows: Iterable[Row]) -> None:
    """The file appears whole or not at all; nobody else may read it."""
    new = path.with_suffix(".new")
    number = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(number, "w", encoding="utf-8") as lines:
        for row in rows:
            lines.write(json.dumps(row, ensure_ascii=False) + "\n")
    new.replace(path)

"""The training corpus: help centres of invented organisations and their questions.

`python -m frontdesk.training.corpus training/corpus` prints the counts and every
problem; its exit status is 1 where there are any. One folder an organisation:
`articles/*.md` (YAML front matter, Markdown) and `questions.jsonl`.

CorpusError: a file that cannot be read as what it should be.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast, get_args

import yaml

Kind = Literal["answerable", "unanswerable", "underspecified", "followup"]
AlterationKind = Literal["number", "negation", "condition", "name", "unit"]

MIN_ARTICLES = 25
MIN_QUESTIONS = 220
MAX_ANSWER_CHARACTERS = 350
MAX_OVERLAP = 0.9
# Smallest and largest share of each kind among an organisation's questions.
SHARES: dict[str, tuple[float, float]] = {
    "answerable": (0.40, 0.60),
    "unanswerable": (0.15, 0.25),
    "underspecified": (0.10, 0.20),
    "followup": (0.10, 0.20),
}


class CorpusError(Exception):
    """A file of the corpus that cannot be read."""


@dataclass(frozen=True)
class Article:
    id: str
    title: str
    url: str
    locale: str
    text: str


@dataclass(frozen=True)
class Alteration:
    """A reply that is wrong in one fact; `span` is the altered part of it."""

    reply: str
    alteration: AlterationKind
    span: str


@dataclass(frozen=True)
class Turn:
    role: Literal["user", "bot"]
    text: str


@dataclass(frozen=True)
class Question:
    id: str
    kind: Kind
    turns: tuple[Turn, ...]
    relevant: tuple[str, ...]
    support: tuple[str, ...]
    answer: str
    choices: tuple[str, ...]
    hard_negatives: tuple[str, ...]
    altered: tuple[Alteration, ...]


@dataclass(frozen=True)
class Organisation:
    """One help centre; `name` is the name of its folder."""

    name: str
    articles: tuple[Article, ...]
    questions: tuple[Question, ...]


def load_corpus(folder: Path) -> list[Organisation]:
    """Every organisation in the folder, by name.

    Raises:
        CorpusError: an article without front matter or a line that is no question.
    """
    return [
        Organisation(
            name=path.name,
            articles=tuple(map(_article, sorted((path / "articles").glob("*.md")))),
            questions=tuple(_questions(path / "questions.jsonl")),
        )
        for path in sorted(folder.iterdir())
        if (path / "articles").is_dir()
    ]


def check_corpus(
    folder: Path,
    min_articles: int = MIN_ARTICLES,
    min_questions: int = MIN_QUESTIONS,
) -> list[str]:
    """One sentence for every problem of the corpus, none where it is sound."""
    organisations = load_corpus(folder)
    problems = [
        f"{organisation.name}: {problem}"
        for organisation in organisations
        for problem in _organisation_problems(organisation, min_articles, min_questions)
    ]
    return problems + list(_near_duplicates(organisations))


def normalised(text: str) -> str:
    """The text with every run of white space as one space."""
    return " ".join(text.split())


def _article(path: Path) -> Article:
    parts = path.read_text("utf-8").split("---\n", 2)
    if len(parts) != 3 or parts[0].strip():
        raise CorpusError(f"{path} has no front matter. Start it with '---'.")
    meta = yaml.safe_load(parts[1])
    try:
        return Article(
            id=str(meta["id"]),
            title=str(meta["title"]),
            url=str(meta["url"]),
            locale=str(meta["locale"]),
            text=parts[2].strip(),
        )
    except (KeyError, TypeError) as error:
        raise CorpusError(f"{path} lacks {error} in its front matter.") from error


def _questions(path: Path) -> Iterator[Question]:
    if not path.exists():
        return
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        try:
            yield question_of(json.loads(line))
        except (ValueError, KeyError, TypeError) as error:
            raise CorpusError(
                f"{path}:{number} is not a question ({error!r}). Correct the line."
            ) from error


def question_of(row: dict[str, Any]) -> Question:
    """A line of `questions.jsonl` as what it says.

    Raises:
        ValueError, KeyError, TypeError: It is no question.
    """
    return Question(
        id=row["id"],
        kind=_one_of(Kind, row["kind"]),
        turns=tuple(
            Turn(_one_of(Literal["user", "bot"], turn["role"]), turn["text"])
            for turn in row["turns"]
        ),
        relevant=tuple(row["relevant"]),
        support=tuple(row["support"]),
        answer=row["answer"],
        choices=tuple(row.get("choices", ())),
        hard_negatives=tuple(row["hard_negatives"]),
        altered=tuple(
            Alteration(
                entry["reply"],
                _one_of(AlterationKind, entry["alteration"]),
                entry["span"],
            )
            for entry in row.get("altered", ())
        ),
    )


def _one_of(literal: Any, value: str) -> Any:
    if value not in get_args(literal):
        raise ValueError(f"{value!r} is none of {', '.join(get_args(literal))}")
    return cast(Any, value)


def _organisation_problems(
    organisation: Organisation, min_articles: int, min_questions: int
) -> Iterator[str]:
    articles = {article.id: article for article in organisation.articles}
    questions = organisation.questions
    for what, items in ("article", organisation.articles), ("question", questions):
        for id_, count in Counter(item.id for item in items).items():
            if count > 1:
                yield f"{what} id {id_!r} is used {count} times"
    if len(articles) < min_articles:
        yield f"has {len(articles)} articles, at least {min_articles} are needed"
    if len(questions) < min_questions:
        yield f"has {len(questions)} questions, at least {min_questions} are needed"
    for question in questions:
        for problem in _question_problems(question, articles):
            yield f"{question.id} {problem}"
    yield from _balance_problems(questions)


def _question_problems(
    question: Question, articles: dict[str, Article]
) -> Iterator[str]:
    yield from _turn_problems(question)
    yield from gold_problems(question, articles)
    yield from _answer_problems(question)
    for entry in question.altered:
        if entry.span not in entry.reply or not entry.span:
            yield f"alters {entry.span!r}, which its altered reply does not contain"
        if normalised(entry.reply) == normalised(question.answer):
            yield "has an altered reply that equals the answer"


def _turn_problems(question: Question) -> Iterator[str]:
    roles = [turn.role for turn in question.turns]
    if roles != ["user" if at % 2 == 0 else "bot" for at in range(len(roles))]:
        yield "has turns that do not alternate, beginning with the user"
    allowed = (3, 5) if question.kind == "followup" else (1, 1)
    if not allowed[0] <= len(roles) <= allowed[1] or len(roles) % 2 == 0:
        yield f"has {len(roles)} turns, which a question of its kind must not have"
    if any(not turn.text.strip() for turn in question.turns):
        yield "has an empty turn"


def gold_problems(question: Question, articles: Mapping[str, Article]) -> Iterator[str]:
    """What is wrong with the articles and sentences that a question names."""
    for id_ in (*question.relevant, *question.hard_negatives):
        if id_ not in articles:
            yield f"names the article {id_!r}, which does not exist"
    for id_ in set(question.relevant) & set(question.hard_negatives):
        yield f"has {id_!r} both as relevant and as hard negative"
    texts = [
        normalised(articles[id_].text) for id_ in question.relevant if id_ in articles
    ]
    for sentence in question.support:
        if not any(normalised(sentence) in text for text in texts):
            yield f"is supported by {sentence!r}, which no relevant article contains"


def _answer_problems(question: Question) -> Iterator[str]:
    if question.kind == "unanswerable":
        if question.relevant or question.support or question.answer or question.altered:
            yield "is unanswerable, but has relevant articles, support or an answer"
        if len(question.hard_negatives) < 2:
            yield "is unanswerable and needs at least 2 hard negatives"
        return
    if not (question.relevant and question.support and question.answer):
        yield "lacks relevant articles, support or an answer"
    if len(question.answer) > MAX_ANSWER_CHARACTERS:
        yield f"has an answer of {len(question.answer)} characters"
    if (question.kind == "underspecified") != (len(question.choices) > 1):
        yield f"offers {len(question.choices)} choices"


def _balance_problems(questions: tuple[Question, ...]) -> Iterator[str]:
    if not questions:
        return
    kinds = Counter(question.kind for question in questions)
    for kind, (least, most) in SHARES.items():
        share = kinds[cast(Kind, kind)] / len(questions)
        if not least <= share <= most:
            yield f"{share:.0%} of the questions are {kind}, not {least:.0%}-{most:.0%}"
    answered = [q for q in questions if q.kind in ("answerable", "followup")]
    if 2 * sum(bool(q.altered) for q in answered) < len(answered):
        yield "fewer than half of the answered questions have an altered reply"


def _near_duplicates(organisations: Iterable[Organisation]) -> Iterator[str]:
    # Sorted by size: a pair that overlaps by more than .9 differs little in size.
    bags = sorted(
        (
            (_words(question), f"{organisation.name}: {question.id}")
            for organisation in organisations
            for question in organisation.questions
        ),
        key=lambda bag: len(bag[0]),
    )
    for at, (words, name) in enumerate(bags):
        for other, other_name in bags[at + 1 :]:
            if len(words) <= MAX_OVERLAP * len(other):
                break
            overlap = len(words & other) / max(1, len(words | other))
            if overlap > MAX_OVERLAP:
                yield f"{name} is nearly the same question as {other_name}"


def _words(question: Question) -> frozenset[str]:
    text = " ".join(turn.text for turn in question.turns).lower()
    return frozenset(re.findall(r"[a-z0-9£']+", text))


def main(arguments: list[str]) -> int:
    """Print counts and problems of the corpus in the folder named; 1 where any."""
    folder = Path(arguments[0])
    for organisation in load_corpus(folder):
        kinds = Counter(question.kind for question in organisation.questions)
        counts = ", ".join(f"{kinds[kind]} {kind}" for kind in get_args(Kind))
        altered = sum(len(question.altered) for question in organisation.questions)
        print(
            f"{organisation.name}: {len(organisation.articles)} articles, "
            f"{len(organisation.questions)} questions ({counts}), "
            f"{altered} altered replies"
        )
    problems = check_corpus(folder)
    print("\n".join(problems) or "No problems.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ["training/corpus"]))

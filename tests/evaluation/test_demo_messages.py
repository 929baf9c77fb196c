"""The messages on which understanding is measured, beside what it is taught with."""

import json
import re
from collections import Counter
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
SET = ROOT / "frontdesk" / "evaluation" / "demo" / "understanding.jsonl"
MARK = re.compile(r"\[([^\]]+)\](?:\((\w+)\)|\{[^}]*\})")
SKILLS = (
    "track_order cancel_order change_address start_return refund_status get_invoice "
    "search_products check_stock reorder claim_warranty newsletter data_request"
).split()


def rows() -> list[dict[str, str]]:
    return [json.loads(line) for line in SET.read_text("utf-8").splitlines()]


def plain(text: str) -> str:
    return MARK.sub(r"\1", text).casefold().strip()


def test_there_are_enough_messages_of_every_skill() -> None:
    intents = Counter(row["intent"] for row in rows())
    assert sum(intents.values()) >= 400
    assert all(intents[skill] >= 20 for skill in SKILLS), intents
    assert sum("also" in row for row in rows()) >= 25


def test_every_label_is_one_of_the_domain() -> None:
    domain = yaml.safe_load((ROOT / "domain.yml").read_text("utf-8"))
    named = {i for row in rows() for i in (row["intent"], *row.get("also", ()))}
    assert named <= set(domain["intents"])
    marked = {entity for row in rows() for _, entity in MARK.findall(row["text"])}
    assert marked == set(domain["entities"])


def test_no_message_is_taught_and_none_comes_twice() -> None:
    taught = {
        plain(line.strip()[2:])
        for path in (ROOT / "data" / "nlu").glob("*.yml")
        for block in yaml.safe_load(path.read_text("utf-8"))["nlu"]
        for line in block.get("examples", "").splitlines()
        if line.strip().startswith("- ")
    }
    messages = [plain(row["text"]) for row in rows()]
    assert len(taught) > 500
    assert [message for message in messages if message in taught] == []
    assert len(set(messages)) == len(messages)

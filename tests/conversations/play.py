"""Plays scripted conversations and compares what is heard, and what is left behind.

A script is YAML (see `scenarios/`):

    - name: a sentence
      shop: loses_answers              # a fault of faulty.py; the usual shop if absent
      orders: {a: just_placed, b: {like: shipped, of: a}}   # kinds of the demo shop
      turns:
        - say: cancel <a>            # <a>: number, <a.email>, <a.phone>, <a.code>
          hears: [email, phone]      # words that must be in the reply, any case
          silent: [cancelled]        # words that must not
          from: phone                # another conversation of the same script
          ships: a                   # the order leaves just before this message
      then:
        a: {status: cancelled}       # what the tables hold afterwards
        audit: [proposed, confirmed, done]
        rows: {claims: 1}            # new rows of a table
"""

from __future__ import annotations

import re
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import yaml

from tests.conversations.assistant import TURN_S, Assistant, Reply
from tests.conversations.shop import Made, Shop

SCENARIOS = Path(__file__).parent / "scenarios"
_NAME = re.compile(r"<(?P<order>\w+)(?:\.(?P<part>\w+))?>")


@dataclass
class Played:
    """How one script went.

    Attributes:
        faults: What was not as told, in sentences; empty if all was.
        seconds: Of every turn.
    """

    name: str
    faults: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    log: list[str] = field(default_factory=list)


def read_scripts(folder: Path = SCENARIOS) -> list[dict[str, Any]]:
    """All scripts, file by file."""
    files = sorted(folder.glob("*.yml"))
    return [script for f in files for script in yaml.safe_load(f.read_text("utf-8"))]


def play(script: dict[str, Any], assistant: Assistant, shop: Shop) -> Played:
    """Play one script and look into the tables afterwards."""
    played = Played(script["name"])
    orders = _orders(script.get("orders") or {}, shop)
    run = uuid.uuid4().hex[:8]
    then: dict[str, Any] = script.get("then") or {}
    rows = {table: shop.count(table) for table in then.get("rows") or {}}
    last = ""
    for turn in script["turns"]:
        if name := turn.get("ships"):
            shop.ship(orders[name].number)
        texts = turn["say"] if isinstance(turn["say"], list) else [turn["say"]]
        texts = [_filled(text, orders, assistant) for text in texts]
        senders = turn.get("from", "web")
        senders = senders if isinstance(senders, list) else [senders] * len(texts)
        try:
            replies = _at_once(assistant, [f"{run}-{s}" for s in senders], texts)
        except httpx.TimeoutException:
            played.faults.append(f"{texts[0]!r} was not answered in {TURN_S:g} s")
            return played
        heard = "\n".join(reply.text for reply in replies)
        played.seconds += [reply.seconds for reply in replies]
        played.log += [f"> {' | '.join(texts)}", heard]
        played.faults += _heard(turn, texts[0], heard, orders)
        if heard and heard == last:
            played.faults.append(f"{texts[0]!r} was answered in the same words again")
        last = heard
    played.faults += _left(then, orders, shop, rows, run)
    return played


def _orders(wanted: dict[str, Any], shop: Shop) -> dict[str, Made]:
    made: dict[str, Made] = {}
    for name, kind in wanted.items():
        if isinstance(kind, str):
            made[name] = shop.copy(kind)
        else:
            made[name] = shop.copy(kind["like"], made[kind["of"]].customer)
    return made


def _filled(text: str, orders: dict[str, Made], assistant: Assistant) -> str:
    def fill(match: re.Match[str]) -> str:
        if match["order"] not in orders:
            return match[0]
        order = orders[match["order"]]
        if match["part"] == "code":
            return assistant.code_for(order.email)
        return str(getattr(order, match["part"] or "number"))

    return _NAME.sub(fill, text)


def _at_once(assistant: Assistant, senders: list[str], texts: list[str]) -> list[Reply]:
    if len(texts) == 1:
        return [assistant.say(senders[0], texts[0])]
    with ThreadPoolExecutor(len(texts)) as pool:
        return list(pool.map(assistant.say, senders, texts))


def _heard(
    turn: dict[str, Any], said: str, heard: str, orders: dict[str, Made]
) -> list[str]:
    faults = []
    for word in turn.get("hears") or ():
        if _plain(word, orders).lower() not in heard.lower():
            faults.append(f"after {said!r} there is no {word!r} in {heard!r}")
    for word in turn.get("silent") or ():
        if _plain(word, orders).lower() in heard.lower():
            faults.append(f"after {said!r} there is {word!r} in {heard!r}")
    return faults if heard else [*faults, f"{said!r} was not answered"]


def _plain(text: str, orders: dict[str, Made]) -> str:
    return _NAME.sub(
        lambda m: str(getattr(orders[m["order"]], m["part"] or "number")), text
    )


def _left(
    then: dict[str, Any],
    orders: dict[str, Made],
    shop: Shop,
    rows: dict[str, int],
    run: str,
) -> list[str]:
    """What the tables hold that was not told, and the other way round."""
    faults = []
    for name, wanted in then.items():
        if name in orders:
            held = shop.order(orders[name].number)
            for key, value in wanted.items():
                if held[key] != value:
                    faults.append(f"{name}.{key} is {held[key]!r}, not {value!r}")
        elif name == "audit":
            for sender, events in _by_sender(wanted).items():
                found = shop.audit(f"{run}-{sender}")
                if found != events:
                    faults.append(f"the audit of {sender} is {found}, not {events}")
        elif name == "rows":
            for table, more in wanted.items():
                found_rows = shop.count(table) - rows[table]
                if found_rows != more:
                    faults.append(f"{table} has {found_rows} new rows, not {more}")
    return faults


def _by_sender(wanted: Any) -> dict[str, list[str]]:
    return wanted if isinstance(wanted, dict) else {"web": wanted}

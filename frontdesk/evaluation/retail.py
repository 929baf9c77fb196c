"""Replays the actions of retail service tasks in the demo shop and compares states.

A folder holds `db.json` (products, users, orders) and `tasks.json` (tasks with the
actions that solve them). Each task starts from the same data twice: in the demo shop,
through our back end, and in a plain reading of the set's policy over its own JSON. A
task counts when both end in the same state.
"""

from __future__ import annotations

import asyncio
import copy
import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from frontdesk.commerce.demo.backend import DemoShop
from frontdesk.commerce.errors import CommerceError
from frontdesk.evaluation import retail_reading, retail_shop
from frontdesk.evaluation.retail_rules import rule_rows
from frontdesk.evaluation.retail_shop import Inexpressible
from frontdesk.evaluation.sets import EvaluationError, with_progress

# What belongs to how an exchange or refund is paid, not to what the customer gets.
PAYMENT_ASPECTS = frozenset(
    {"difference", "difference method", "gift cards", "refunds", "return method"}
)


@dataclass(frozen=True)
class Tried:
    """One action of a task: `done`, or what stood against it."""

    action: str
    outcome: str


@dataclass(frozen=True)
class Replay:
    """A task after its replay.

    Attributes:
        tried: Its actions that change something, in order.
        forbidden: Those that the plain reading refused, with its reasons.
        differing: Aspects in which the two states differ, such as `items`.
    """

    task: str
    tried: tuple[Tried, ...]
    forbidden: tuple[str, ...]
    differing: frozenset[str]


def read_retail(directory: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The data and the tasks of a folder.

    Raises:
        EvaluationError: A file is missing or has another form.
    """
    data = _read(directory / "db.json")
    tasks = _read(directory / "tasks.json")
    if not isinstance(data, dict) or {"products", "users", "orders"} - data.keys():
        raise EvaluationError(
            f"{str(directory / 'db.json')!r} has to hold products, users and orders."
        )
    if not isinstance(tasks, list) or not all(
        "evaluation_criteria" in t for t in tasks
    ):
        raise EvaluationError(
            f"{str(directory / 'tasks.json')!r} has to be a list of tasks with "
            "'evaluation_criteria'."
        )
    return data, tasks


def replay_all(
    data: Mapping[str, Any], tasks: Sequence[Mapping[str, Any]]
) -> list[Replay]:
    """Every task from a fresh copy of the data, in order."""
    with tempfile.TemporaryDirectory() as folder:
        fresh, used = Path(folder) / "fresh.sqlite3", Path(folder) / "used.sqlite3"
        retail_shop.load(data, fresh)
        replays = []
        for task in with_progress(tasks, "tasks"):
            shutil.copyfile(fresh, used)
            replays.append(replay(data, task, used))
        return replays


def replay(data: Mapping[str, Any], task: Mapping[str, Any], database: Path) -> Replay:
    """One task in a shop that holds the data, and in the plain reading."""
    actions = [
        (one["name"], one["arguments"])
        for one in task["evaluation_criteria"]["actions"] or ()
        if one["name"] in retail_reading.ACTIONS
    ]
    read = _copied(data, [given for _, given in actions])
    forbidden = []
    for name, given in actions:
        try:
            retail_reading.ACTIONS[name](read, given)
        except retail_reading.NotAllowed as error:
            forbidden.append(f"{name}: {error}")
    shop = retail_shop.open_shop(database)
    try:
        tried = asyncio.run(_try_all(shop, actions))
        ours = retail_shop.state_of(shop, data)
    finally:
        asyncio.run(shop.close())
    differing = _differing(retail_reading.state_of(read), ours)
    return Replay(str(task["id"]), tuple(tried), tuple(forbidden), differing)


def summarise(replays: Sequence[Replay]) -> dict[str, Any]:
    """The figures of a replay, then tables of why tasks differ and of the rules."""
    writing = [one for one in replays if one.tried]
    outcomes = Counter(tried for one in replays for tried in one.tried)
    return {
        "n": len(replays),
        "same_state": sum(not one.differing for one in replays),
        "same_but_payment": sum(one.differing <= PAYMENT_ASPECTS for one in replays),
        "n_writing": len(writing),
        "same_state_writing": sum(not one.differing for one in writing),
        "same_but_payment_writing": sum(
            one.differing <= PAYMENT_ASPECTS for one in writing
        ),
        "forbidden_by_reading": sum(len(one.forbidden) for one in replays),
        "actions": [
            {"action": tried.action, "outcome": tried.outcome, "n": count}
            for tried, count in sorted(outcomes.items(), key=lambda pair: str(pair[0]))
        ],
        "differing": dict(
            Counter(aspect for one in replays for aspect in sorted(one.differing))
        ),
        "rules": rule_rows(),
    }


async def _try_all(
    shop: DemoShop, actions: Sequence[tuple[str, Mapping[str, Any]]]
) -> list[Tried]:
    tried = []
    for position, (name, given) in enumerate(actions):
        try:
            await shop.write(
                retail_shop.write_of(shop, name, given), f"{position:064x}"
            )
            outcome = "done"
        except Inexpressible as error:
            outcome = f"lacking: {error}"
        except CommerceError as error:
            outcome = f"refused: {error}"
        tried.append(Tried(name, outcome))
    return tried


def _copied(
    data: Mapping[str, Any], arguments: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """The data, with copies of the orders and users that actions may change."""
    orders, users = dict(data["orders"]), dict(data["users"])
    for given in arguments:
        user_id = given.get("user_id")
        if number := given.get("order_id"):
            orders[number] = copy.deepcopy(data["orders"][number])
            user_id = orders[number]["user_id"]
        users[user_id] = copy.deepcopy(data["users"][user_id])
    return {"products": data["products"], "orders": orders, "users": users}


def _differing(
    wanted: Mapping[str, Mapping[str, Any]], found: Mapping[str, Mapping[str, Any]]
) -> frozenset[str]:
    assert wanted.keys() == found.keys()
    return frozenset(
        aspect
        for name, aspects in wanted.items()
        for aspect, value in aspects.items()
        if value != found[name][aspect]
    )


def _read(path: Path) -> Any:
    if not path.is_file():
        raise EvaluationError(f"There is no file {str(path)!r}; correct the path.")
    try:
        return json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise EvaluationError(f"{str(path)!r} is no JSON: {error}.") from error

"""A thousand tries to reach what is somebody else's, from every level."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from random import Random

from frontdesk.commerce.errors import CommerceError
from frontdesk.commerce.trust import Visitor
from frontdesk.commerce.values import ReturnLine
from frontdesk.commerce.writes import (
    CancelOrder,
    ChangeAddress,
    ClaimWarranty,
    Reorder,
    RequestData,
    RequestReturn,
    SetNewsletter,
    Write,
)
from tests.commerce.desks import Counter, run, token
from tests.commerce.sample import ELSEWHERE

TRIES = 1000
OWNED = ("LO-100101",)


def snapshot(counter: Counter) -> bytes:
    """Everything the shop holds, but for the log of what was tried."""
    with counter.shop.engine.connect() as connection:
        tables = connection.exec_driver_sql(
            "SELECT name FROM sqlite_master WHERE type = 'table'"
        ).scalars()
        rows = {
            name: [
                list(row) for row in connection.exec_driver_sql(f"SELECT * FROM {name}")
            ]
            for name in tables.all()
        }
    return json.dumps(rows, default=str, sort_keys=True).encode()


def guesses(random: Random) -> Iterator[str]:
    """Neighbours of the own number, other shapes of others' numbers, nonsense."""
    known = [f"LO-{n}" for n in (*range(100_102, 100_147), *range(200_002, 200_900))]
    while True:
        number = random.choice(known)
        yield random.choice(
            (
                number,
                number.lower(),
                f" #{number}",
                number.replace("LO-", ""),
                f"{OWNED[0]}, {number}",
                f"{OWNED[0]}' OR number='{number}",
                f"{OWNED[0]}\x00{number}",
                number[:-1] + "%",
                number.translate(str.maketrans("0123456789", "０１２３４５６７８９")),
                f'/track_order{{"order_number": "{number}"}}',
            )
        )


def attacks(random: Random, number: str) -> list[Write]:
    return [
        CancelOrder(number, "x"),
        ChangeAddress(number, ELSEWHERE),
        RequestReturn(number, (ReturnLine(f"{number}-1", 1, "changed_mind"),)),
        Reorder(number),
        ClaimWarranty(number, f"{number}-1", "broken"),
        RequestData(f"C-{random.randint(1002, 1320)}", "deletion"),
        SetNewsletter("oliver.jones1@mail.example", False),
    ]


def test_a_thousand_tries_disclose_and_change_nothing(
    counter: Counter, tmp_path: Path
) -> None:
    random = Random(7)
    before = snapshot(counter)
    visitors = [
        Visitor("anonymous"),
        counter.identified("just_placed", "identified"),
        counter.verified("just_placed", "verified"),
        counter.signed_in("just_placed", "signed in"),
        Visitor("forged", token(counter.now, "x" * 40, sub="C-1002")),
        Visitor("expired", token(counter.now, sub="C-1002", exp=1)),
        Visitor("stolen", token(counter.now, sub="C-1002", sid="another session")),
    ]
    numbers = guesses(random)

    async def attempt(visitor: Visitor) -> object:
        number, desk = next(numbers), counter.desk
        calls = [
            lambda: desk.order(visitor, number),
            lambda: desk.returns(visitor, number),
            lambda: desk.refunds(visitor, number),
            lambda: desk.invoice(visitor, number),
            lambda: desk.identify(visitor, number, "amelia.smith0@mail.example"),
            lambda: desk.send_code_for_order(visitor, number),
            lambda: desk.check_code(visitor, f"{random.randrange(10**6):06}"),
            lambda: desk.propose(visitor, random.choice(attacks(random, number))),
            lambda: desk.confirm(visitor, random.choice(keys)),
        ]
        try:
            return await random.choice(calls)()
        except CommerceError as error:
            return type(error).__name__

    keys = ["f" * 64, "' OR '1'='1", ""]

    async def all_of_them() -> list[object]:
        said: list[object] = []
        for batch in range(0, TRIES, 100):  # at once: each answer takes its time
            visitors.append(Visitor(f"fresh {batch}"))
            chosen = [random.choice(visitors) for _ in range(100)]
            said += await asyncio.gather(*(attempt(visitor) for visitor in chosen))
        return said

    said = run(all_of_them())
    assert len(said) == TRIES
    allowed = {"NeedsLevelError", "TooManyTriesError", "False"}
    told = {str(one) for one in said}
    assert {
        one for one in told if not one.startswith("Outcome(state='unknown'")
    } == allowed
    assert snapshot(counter) == before
    assert counter.events() == []
    assert len(counter.mailbox.mails) == 1  # the one of the rightful visitor

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from frontdesk.commerce.errors import UnavailableError
from frontdesk.commerce.service import Outcome
from frontdesk.commerce.trust import Visitor
from frontdesk.commerce.values import ReturnLine
from frontdesk.commerce.writes import (
    CancelOrder,
    ChangeAddress,
    Reorder,
    RequestReturn,
    SetNewsletter,
)
from tests.commerce.demo_shops import number_of
from tests.commerce.desks import Counter, run
from tests.commerce.sample import ELSEWHERE

MINE = "LO-100101"
CANCEL = CancelOrder(MINE, "changed my mind")


def test_confirming_does_it_once_and_says_what_the_shop_said(counter: Counter) -> None:
    visitor = counter.verified("just_placed")
    proposal = counter.proposed(visitor, CANCEL)
    outcome = run(counter.desk.confirm(visitor, proposal.key))
    assert outcome.state == "done" and not outcome.repeated
    assert outcome.text == f"Order {MINE} is cancelled."
    assert counter.order("just_placed").status == "cancelled"
    assert counter.events() == ["proposed", "confirmed", "done"]


def test_the_same_confirmation_again_reports_the_first_result(counter: Counter) -> None:
    visitor = counter.verified("just_placed")
    key = counter.proposed(visitor, CANCEL).key
    first = run(counter.desk.confirm(visitor, key))
    again = run(counter.desk.confirm(visitor, key))
    assert again.state == "done" and again.repeated and again.done == first.done
    assert counter.shop.writes == [key]


def test_two_confirmations_at_once_send_one_write(counter: Counter) -> None:
    visitor = counter.verified("just_placed")
    key = counter.proposed(visitor, CANCEL).key

    async def both() -> list[Outcome]:
        return await asyncio.gather(
            *(counter.desk.confirm(visitor, key) for _ in range(5))
        )

    outcomes = run(both())
    assert [outcome.state for outcome in outcomes] == ["done"] * 5
    assert sum(outcome.repeated for outcome in outcomes) == 4
    assert counter.shop.writes == [key]


@pytest.mark.parametrize("write", [CANCEL, Reorder(MINE)], ids=["cancel", "reorder"])
def test_the_same_wish_on_two_channels_at_once_has_one_effect(
    counter: Counter, write: CancelOrder | Reorder
) -> None:
    web, phone = (
        counter.verified("just_placed", "web"),
        counter.signed_in("just_placed", "phone"),
    )
    keys = [counter.proposed(one, write).key for one in (web, phone)]
    assert keys[0] != keys[1]

    async def both() -> list[Outcome]:
        return await asyncio.gather(
            counter.desk.confirm(web, keys[0]), counter.desk.confirm(phone, keys[1])
        )

    outcomes = run(both())
    assert [outcome.state for outcome in outcomes] == ["done", "done"]
    assert outcomes[0].done == outcomes[1].done
    assert len(counter.shop.writes) == 1


def test_a_key_is_worthless_in_another_conversation(counter: Counter) -> None:
    key = counter.proposed(counter.verified("just_placed", "one"), CANCEL).key
    for thief in (
        Visitor("two"),
        counter.signed_in("just_placed", "three"),
        counter.verified("past_cut_off", "four"),
    ):
        assert run(counter.desk.confirm(thief, key)).state == "unknown"
    assert run(counter.desk.confirm(Visitor("one"), "f" * 64)).state == "unknown"
    assert run(counter.desk.confirm(Visitor("one"), "' OR 1=1 --")).state == "unknown"
    assert counter.order("just_placed").status == "received"


def test_nothing_is_done_after_trust_or_proposal_expired(counter: Counter) -> None:
    visitor = counter.verified("to_collect")
    write = CancelOrder(number_of("to_collect"), "x")
    key = counter.proposed(visitor, write).key
    counter.later(minutes=15)
    assert run(counter.desk.confirm(visitor, key)).state == "expired"
    key = counter.proposed(visitor, write).key
    counter.later(minutes=14)
    counter.records.grant("one", [("email", "x@y.example")], counter.now)
    run(counter.desk.forget(visitor))
    assert run(counter.desk.confirm(visitor, key)).state == "expired"
    assert counter.order("to_collect").status == "received"


def test_a_new_proposal_replaces_the_one_before(counter: Counter) -> None:
    visitor = counter.verified("just_placed")
    first = counter.proposed(visitor, CANCEL)
    second = counter.proposed(visitor, ChangeAddress(MINE, ELSEWHERE))
    assert run(counter.desk.confirm(visitor, first.key)).state == "unknown"
    assert run(counter.desk.confirm(visitor, second.key)).state == "done"
    assert counter.order("just_placed").address == ELSEWHERE


def test_withdrawing_leaves_nothing_to_confirm(counter: Counter) -> None:
    visitor = counter.verified("just_placed")
    key = counter.proposed(visitor, CANCEL).key
    run(counter.desk.withdraw(visitor))
    assert run(counter.desk.confirm(visitor, key)).state == "unknown"
    assert counter.order("just_placed").status == "received"


def test_what_changed_since_it_was_shown_is_not_done(counter: Counter) -> None:
    visitor = counter.verified("just_placed")
    key = counter.proposed(visitor, CANCEL).key
    run(counter.shop.write(ChangeAddress(MINE, ELSEWHERE), "c" * 64))
    assert run(counter.desk.confirm(visitor, key)).state == "expired"
    assert counter.order("just_placed").status == "received"
    assert counter.events() == ["proposed", "confirmed", "refused"]


def test_a_rule_that_turns_against_it_meanwhile_counts(counter: Counter) -> None:
    visitor = counter.verified("just_placed")  # ten minutes ago, until sixty
    counter.later(minutes=20)
    counter.later(minutes=25)
    visitor = counter.verified("just_placed")
    key = counter.proposed(visitor, CANCEL).key
    counter.later(minutes=10)
    outcome = run(counter.desk.confirm(visitor, key))
    assert outcome.state == "refused" and "60 minutes" in outcome.text
    assert counter.order("just_placed").status == "received"


def test_a_shop_that_is_down_changes_nothing_and_may_be_asked_again(
    counter: Counter,
) -> None:
    visitor = counter.verified("just_placed")
    key = counter.proposed(visitor, CANCEL).key
    counter.shop.down = True
    assert run(counter.desk.confirm(visitor, key)).state == "failed"
    counter.shop.down = False
    assert run(counter.desk.confirm(visitor, key)).state == "done"
    assert counter.events() == ["proposed", "confirmed", "failed", "confirmed", "done"]


def test_a_timeout_after_the_commit_is_found_and_told_as_done(counter: Counter) -> None:
    visitor = counter.verified("just_placed")
    key = counter.proposed(visitor, CANCEL).key
    counter.shop.lose_after = 1
    assert run(counter.desk.confirm(visitor, key)).state == "done"
    assert counter.shop.writes == [key]


def test_a_timeout_that_cannot_be_looked_up_is_told_as_not_certain(
    counter: Counter,
) -> None:
    visitor = counter.verified("just_placed")
    key = counter.proposed(visitor, CANCEL).key
    counter.shop.lose_after, counter.shop.blind = 1, True
    outcome = run(counter.desk.confirm(visitor, key))
    assert outcome.state == "uncertain" and "cannot say for certain" in outcome.text
    counter.shop.blind = False
    assert run(counter.desk.confirm(visitor, key)).state == "done"
    assert counter.shop.writes == [key]  # looked up, not sent again


def test_a_lost_request_is_sent_again_only_when_it_cannot_be_on_its_way(
    counter: Counter,
) -> None:
    visitor = counter.verified("just_placed")
    key = counter.proposed(visitor, CANCEL).key
    counter.shop.lose_before = 1
    assert run(counter.desk.confirm(visitor, key)).state == "uncertain"
    assert run(counter.desk.confirm(visitor, key)).state == "uncertain"
    assert counter.shop.writes == [key]
    counter.later(seconds=61)
    assert run(counter.desk.confirm(visitor, key)).state == "done"
    assert counter.shop.writes == [key, key]


def test_after_trust_has_ended_nothing_is_claimed_about_what_was_sent(
    counter: Counter,
) -> None:
    visitor = counter.verified("just_placed")
    key = counter.proposed(visitor, CANCEL).key
    run(counter.desk.confirm(visitor, key))
    run(counter.desk.forget(visitor))
    outcome = run(counter.desk.confirm(visitor, key))
    assert outcome.state == "unknown" and "shown again who you are" in outcome.text


def test_a_shop_that_fails_while_the_rules_are_checked_was_sent_nothing(
    counter: Counter,
) -> None:
    number, order = number_of("delivered"), counter.order("delivered")
    visitor = counter.verified("delivered")
    write = RequestReturn(number, (ReturnLine(order.items[0].id, 1, "changed_mind"),))
    key = counter.proposed(visitor, write).key

    async def down(_: str) -> None:
        raise UnavailableError("down")

    real = counter.shop.returns_of
    counter.shop.returns_of = down  # type: ignore[method-assign, assignment]
    assert run(counter.desk.confirm(visitor, key)).state == "failed"
    counter.shop.returns_of = real  # type: ignore[method-assign]
    assert run(counter.desk.confirm(visitor, key)).state == "done"


def test_what_is_uncertain_is_settled_before_anything_new(counter: Counter) -> None:
    number = number_of("delivered")
    visitor, order = counter.verified("delivered"), counter.order("delivered")
    write = RequestReturn(number, (ReturnLine(order.items[0].id, 1, "changed_mind"),))
    key = counter.proposed(visitor, write).key
    counter.shop.lose_after, counter.shop.blind = 1, True
    run(counter.desk.confirm(visitor, key))
    assert counter.proposed(visitor, SetNewsletter(order.email, True)).key != key
    counter.shop.blind = False
    run(counter.desk.propose(visitor, write))
    assert counter.events().count("done") == 1
    assert len(run(counter.shop.returns_of(number))) == 1


def test_the_same_wish_goes_on_under_its_key_while_it_is_uncertain(
    counter: Counter,
) -> None:
    visitor = counter.verified("just_placed")
    key = counter.proposed(visitor, Reorder(MINE)).key
    counter.shop.lose_before = 1
    assert run(counter.desk.confirm(visitor, key)).state == "uncertain"
    assert counter.proposed(visitor, Reorder(MINE)).key == key


def test_a_process_that_died_in_the_middle_is_looked_up_by_the_next(
    counter: Counter,
) -> None:
    visitor = counter.verified("just_placed")
    key = counter.proposed(visitor, CANCEL).key

    async def die(*_: object) -> None:
        raise KeyboardInterrupt

    real = counter.shop.write
    counter.shop.write = die  # type: ignore[method-assign, assignment]
    with pytest.raises(KeyboardInterrupt):
        run(counter.desk.confirm(visitor, key))
    counter.shop.write = real  # type: ignore[method-assign]
    run(real(CANCEL, key))  # it had reached the shop
    counter.later(seconds=91)
    outcome = run(counter.desk.confirm(visitor, key))
    assert outcome.state == "done" and counter.shop.writes == [key]


def test_back_and_forth_is_done_each_time(counter: Counter) -> None:
    visitor = counter.verified("just_placed")
    email = counter.order("just_placed").email
    for subscribed in (True, False, True):
        write = SetNewsletter(email, subscribed)
        key = counter.proposed(visitor, write).key
        assert not run(counter.desk.confirm(visitor, key)).repeated
        assert run(counter.shop.customer("C-1001")).newsletter == subscribed
    old = counter.order("just_placed").address
    for address in (ELSEWHERE, old, ELSEWHERE):
        write_to = ChangeAddress(MINE, address)
        key = counter.proposed(visitor, write_to).key
        assert not run(counter.desk.confirm(visitor, key)).repeated
        assert counter.order("just_placed").address == address


CONFIRM = """
import asyncio, sys
from tests.commerce.desks import Mailbox, FaultyShop, SECRET
from tests.commerce.demo_shops import CATALOGUE, NOW
from frontdesk.commerce.open import make_desk
from frontdesk.commerce.records import Records
from frontdesk.commerce.trust import Visitor
shop, records, key = sys.argv[1:]
backend = FaultyShop(shop, CATALOGUE, lambda: NOW)
desk = make_desk(backend, Records(records), Mailbox(), SECRET, lambda: NOW)
print("ready", flush=True)
sys.stdin.readline()
outcome = asyncio.run(desk.confirm(Visitor("one"), key))
print(outcome.state, outcome.repeated, len(getattr(backend, "writes", [])))
"""


def test_two_processes_with_one_confirmation_have_one_effect(
    counter: Counter, tmp_path: Path
) -> None:
    visitor = counter.verified("just_placed")
    key = counter.proposed(visitor, CANCEL).key
    command = [sys.executable, "-c", CONFIRM, f"sqlite:///{tmp_path}/shop.sqlite3"]
    processes = [
        subprocess.Popen(
            [*command, counter.records_url, key],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for process in processes:
        assert process.stdout and process.stdout.readline() == "ready\n"
    said = [process.communicate("go\n", timeout=60)[0] for process in processes]
    assert sorted(said) == ["done False 1\n", "done True 0\n"]
    assert counter.order("just_placed").status == "cancelled"

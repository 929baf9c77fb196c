from __future__ import annotations

import time

import pytest

from frontdesk.commerce.errors import RefusedError, UnavailableError
from frontdesk.commerce.open import make_desk
from frontdesk.commerce.records import Records
from frontdesk.commerce.trust import NeedsLevelError, TooManyTriesError, Visitor
from frontdesk.commerce.verification import STEP_S, masked_email, normal_email
from tests.commerce.desks import Counter, run

MINE, EMAIL, PHONE = "LO-100101", "amelia.smith0@mail.example", "+447700900000"


@pytest.mark.parametrize(
    "contact",
    [
        EMAIL,
        f" {EMAIL.upper()} ",
        PHONE,
        "07700 900000",
        "07700-900 000",
        "(07700) 900000",
    ],
)
@pytest.mark.parametrize("number", [MINE, "lo-100101", " #LO-100101 "])
def test_number_with_email_or_phone_identifies(
    counter: Counter, number: str, contact: str
) -> None:
    visitor = Visitor("one")
    assert run(counter.desk.identify(visitor, number, contact))
    trust = run(counter.desk.trust(visitor))
    assert (trust.level, trust.orders) == ("identified", {MINE})


@pytest.mark.parametrize(
    ("number", "contact"),
    [
        (MINE, "oliver.jones1@mail.example"),
        (MINE, ""),
        (MINE, "-"),
        (MINE, "0"),
        (MINE, "900000"),
        (MINE, "mail.example"),
        (MINE, "%"),
        (MINE, "07700 900001"),
        ("LO-100102", EMAIL),
        ("LO-999999", EMAIL),
        ("", EMAIL),
        ("%", EMAIL),
    ],
)
def test_anything_else_does_not(counter: Counter, number: str, contact: str) -> None:
    visitor = Visitor("one")
    assert not run(counter.desk.identify(visitor, number, contact))
    assert run(counter.desk.trust(visitor)).level == "anonymous"


@pytest.mark.parametrize("number", [MINE, "LO-999999", "LO-100102"])
def test_every_answer_takes_a_whole_step(counter: Counter, number: str) -> None:
    started = time.perf_counter()
    run(counter.desk.identify(Visitor("one"), number, EMAIL))
    assert time.perf_counter() - started >= STEP_S


def test_five_wrong_tries_lock_the_conversation(counter: Counter) -> None:
    visitor = Visitor("one")
    for index in range(5):
        assert not run(counter.desk.identify(visitor, f"LO-90000{index}", EMAIL))
    with pytest.raises(TooManyTriesError) as locked:
        run(counter.desk.identify(visitor, MINE, EMAIL))
    assert (locked.value.until - counter.now).total_seconds() == 3600
    counter.later(hours=1)
    assert run(counter.desk.identify(visitor, MINE, EMAIL))


@pytest.mark.parametrize("number", [MINE, "LO-999999"])
def test_five_wrong_tries_from_anywhere_lock_a_number_that_exists_or_not(
    counter: Counter, number: str
) -> None:
    for index in range(5):
        run(counter.desk.identify(Visitor(f"c{index}"), number, "x@y.example"))
    with pytest.raises(TooManyTriesError):
        run(counter.desk.identify(Visitor("fresh"), number, EMAIL))


def test_right_pairs_are_not_counted(counter: Counter) -> None:
    for _ in range(8):
        assert run(counter.desk.identify(Visitor("one"), MINE, EMAIL))


def test_locks_outlive_the_process(counter: Counter) -> None:
    for index in range(5):
        run(counter.desk.identify(Visitor("one"), f"LO-90000{index}", EMAIL))
    records = Records(counter.records_url)
    desk = make_desk(counter.shop, records, counter.mailbox, "", lambda: counter.now)
    with pytest.raises(TooManyTriesError):
        run(desk.identify(Visitor("one"), MINE, EMAIL))
    records.engine.dispose()


def test_a_shop_that_is_down_costs_no_try(counter: Counter) -> None:
    async def down(number: str) -> None:
        raise UnavailableError("down")

    real, counter.shop.order = counter.shop.order, down  # type: ignore[method-assign, assignment]
    for _ in range(8):
        with pytest.raises(UnavailableError):
            run(counter.desk.identify(Visitor("one"), MINE, EMAIL))
    counter.shop.order = real  # type: ignore[method-assign]
    assert run(counter.desk.identify(Visitor("one"), MINE, EMAIL))


def test_the_code_goes_to_the_address_on_file_only(counter: Counter) -> None:
    visitor = Visitor("one")
    with pytest.raises(NeedsLevelError):
        run(counter.desk.send_code_for_order(visitor, MINE))
    counter.identified("just_placed")
    assert run(counter.desk.send_code_for_order(visitor, MINE)) == "a•••@m•••.example"
    assert [mail.to for mail in counter.mailbox.mails] == [EMAIL]
    with pytest.raises(NeedsLevelError):
        run(counter.desk.send_code_for_order(visitor, "LO-100102"))


def test_a_code_works_once_in_its_conversation(counter: Counter) -> None:
    visitor = counter.identified("just_placed")
    run(counter.desk.send_code_for_order(visitor, MINE))
    code = counter.mailbox.code()
    assert not run(counter.desk.check_code(Visitor("two"), code))
    assert run(counter.desk.check_code(visitor, f" {code[:3]} {code[3:]} "))
    run(counter.desk.forget(visitor))
    assert not run(counter.desk.check_code(visitor, code))
    assert run(counter.desk.trust(visitor)).level == "anonymous"


def test_three_wrong_codes_end_a_code(counter: Counter) -> None:
    visitor = counter.identified("just_placed")
    run(counter.desk.send_code_for_order(visitor, MINE))
    code = counter.mailbox.code()
    wrong = "000000" if code != "000000" else "111111"
    for typed in (wrong, "", "letters"):
        assert not run(counter.desk.check_code(visitor, typed))
    with pytest.raises(TooManyTriesError):
        run(counter.desk.check_code(visitor, code))
    assert run(counter.desk.trust(visitor)).level == "identified"


def test_a_code_ends_after_ten_minutes(counter: Counter) -> None:
    visitor = counter.identified("just_placed")
    run(counter.desk.send_code_for_order(visitor, MINE))
    counter.later(minutes=10)
    assert not run(counter.desk.check_code(visitor, counter.mailbox.code()))


def test_a_new_code_replaces_the_old_one(counter: Counter) -> None:
    visitor = Visitor("one")
    run(counter.desk.send_code(visitor, "a@b.example"))
    old = counter.mailbox.code()
    run(counter.desk.send_code(visitor, "c@d.example"))
    if old != counter.mailbox.code():
        assert not run(counter.desk.check_code(visitor, old))
    assert run(counter.desk.check_code(visitor, counter.mailbox.code()))
    assert run(counter.desk.trust(visitor)).emails == {"c@d.example"}


def test_codes_are_kept_as_digests(counter: Counter) -> None:
    run(counter.desk.send_code(Visitor("one"), "a@b.example"))
    code = counter.mailbox.code()
    with counter.records.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT * FROM desk_codes").all()
    assert len(rows) == 1 and code not in repr(rows)


def test_codes_are_limited_by_conversation_and_by_address(counter: Counter) -> None:
    for index in range(4):
        run(counter.desk.send_code(Visitor("one"), f"a{index}@b.example"))
        run(counter.desk.send_code(Visitor(f"c{index}"), "victim@b.example"))
    with pytest.raises(TooManyTriesError):
        run(counter.desk.send_code(Visitor("one"), "new@b.example"))
    with pytest.raises(TooManyTriesError):
        run(counter.desk.send_code(Visitor("fresh"), "VICTIM@b.example"))
    assert len(counter.mailbox.mails) == 8


def test_every_address_gets_a_code_whether_known_or_not(counter: Counter) -> None:
    for index, email in enumerate((EMAIL, "nobody@nowhere.example")):
        assert run(counter.desk.send_code(Visitor(f"c{index}"), email)) is None
    assert len(counter.mailbox.mails) == 2


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "a",
        "a@b",
        "a@b.example\r\nBcc: x@y.example",
        "a b@c.example",
        "<a@b.example>",
    ],
)
def test_what_is_no_address_gets_no_mail(counter: Counter, typed: str) -> None:
    with pytest.raises(RefusedError):
        run(counter.desk.send_code(Visitor("one"), typed))
    assert counter.mailbox.mails == []


def test_addresses_are_compared_and_shown_safely() -> None:
    assert normal_email(" Jo@Shop.Example ") == "jo@shop.example"
    assert masked_email("jo@mail.co.uk") == "j•••@m•••.uk"

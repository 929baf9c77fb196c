from __future__ import annotations

import pytest

from frontdesk.commerce.errors import NotFoundError
from frontdesk.commerce.service import NotPossible, OrderStatusView
from frontdesk.commerce.trust import NeedsLevelError, Visitor
from frontdesk.commerce.values import Order, ProductQuery, ReturnLine
from frontdesk.commerce.writes import (
    CancelOrder,
    ChangeAddress,
    ClaimWarranty,
    NotifyBackInStock,
    Reorder,
    RequestData,
    RequestReturn,
    SetNewsletter,
)
from tests.commerce.demo_shops import number_of
from tests.commerce.desks import Counter, run
from tests.commerce.sample import ELSEWHERE

MINE, THEIRS, NONE = "LO-100101", "LO-100102", "LO-999999"


def test_anybody_sees_products_and_nobody_orders(counter: Counter) -> None:
    visitor = Visitor("one")
    found = run(counter.desk.search_products(ProductQuery(text="quiet dishwasher")))
    assert found[0].id == "halden-60-quiet"
    assert run(counter.desk.product("mira-1-5")).title == "Mira 1.5"
    for number in (MINE, NONE):
        with pytest.raises(NeedsLevelError) as needed:
            run(counter.desk.order(visitor, number))
        assert needed.value.level == "identified"
    with pytest.raises(NeedsLevelError) as needed:
        run(counter.desk.orders(visitor))
    assert needed.value.level == "verified"


def test_an_identified_visitor_sees_the_masked_status_only(counter: Counter) -> None:
    visitor = counter.identified("delivered_sofa")
    number = number_of("delivered_sofa")
    view = run(counter.desk.order(visitor, number))
    assert isinstance(view, OrderStatusView)
    order = counter.order("delivered_sofa")
    shown = repr(view)
    for secret in (
        order.email,
        order.phone,
        order.address.name,
        order.address.line1,
        order.address.city,
        order.address.postcode,
        order.items[0].title,
        str(order.total.amount),
        order.customer_id or "",
    ):
        assert secret and secret not in shown
    for read in (counter.desk.returns, counter.desk.refunds, counter.desk.invoice):
        with pytest.raises(NeedsLevelError) as needed:
            run(read(visitor, number))
        assert needed.value.level == "verified"


@pytest.mark.parametrize("how", ["verified", "signed_in"])
def test_a_strong_visitor_sees_their_own_orders(counter: Counter, how: str) -> None:
    visitor = getattr(counter, how)("delivered")
    number = number_of("delivered")
    assert isinstance(run(counter.desk.order(visitor, number)), Order)
    assert number in {order.number for order in run(counter.desk.orders(visitor))}
    assert run(counter.desk.invoice(visitor, number)).order_number == number
    assert run(counter.desk.returns(visitor, number)) == ()
    assert run(counter.desk.refunds(visitor, number)) == ()


def test_a_guest_verified_by_the_code_owns_that_order(counter: Counter) -> None:
    visitor = counter.verified("guest")
    (order,) = run(counter.desk.orders(visitor))
    assert order.number == number_of("guest")
    assert order.customer_id is None


@pytest.mark.parametrize("how", ["verified", "signed_in"])
def test_another_customers_order_is_answered_like_none(
    counter: Counter, how: str
) -> None:
    visitor = getattr(counter, how)("just_placed")
    said = []
    for number in (THEIRS, NONE):
        for call in (
            counter.desk.order(visitor, number),
            counter.desk.returns(visitor, number),
            counter.desk.propose(visitor, CancelOrder(number, "mine")),
            counter.desk.propose(visitor, ChangeAddress(number, ELSEWHERE)),
            counter.desk.propose(visitor, Reorder(number)),
            counter.desk.propose(visitor, ClaimWarranty(number, "1", "broken")),
        ):
            with pytest.raises(NeedsLevelError) as needed:
                run(call)
            said.append((needed.value.level, str(needed.value)))
    assert len(set(said)) == 1
    assert counter.events() == []


@pytest.mark.parametrize(
    "write",
    [
        CancelOrder(MINE, "x"),
        ChangeAddress(MINE, ELSEWHERE),
        RequestReturn(MINE, (ReturnLine(f"{MINE}-1", 1, "changed_mind"),)),
        Reorder(MINE),
        ClaimWarranty(MINE, f"{MINE}-1", "broken"),
        SetNewsletter("amelia.smith0@mail.example", True),
        NotifyBackInStock("TAR-L-BLACK", "amelia.smith0@mail.example"),
        RequestData("C-1001", "export"),
    ],
    ids=lambda write: type(write).__name__,
)
def test_no_write_is_proposed_below_verified(counter: Counter, write: object) -> None:
    for visitor in (Visitor("nobody"), counter.identified("just_placed")):
        with pytest.raises(NeedsLevelError):
            run(counter.desk.propose(visitor, write))  # type: ignore[arg-type]
    assert counter.events() == []


@pytest.mark.parametrize(
    "write",
    [
        SetNewsletter("oliver.jones1@mail.example", False),
        NotifyBackInStock("TAR-L-BLACK", "oliver.jones1@mail.example"),
        RequestData("C-1002", "deletion"),
    ],
    ids=lambda write: type(write).__name__,
)
def test_nobody_acts_for_another_address_or_account(
    counter: Counter, write: object
) -> None:
    for visitor in (
        counter.verified("just_placed"),
        counter.signed_in("just_placed", "two"),
    ):
        with pytest.raises(NeedsLevelError):
            run(counter.desk.propose(visitor, write))  # type: ignore[arg-type]


def test_a_code_alone_opens_the_newsletter_for_that_address(counter: Counter) -> None:
    visitor = Visitor("one")
    run(counter.desk.send_code(visitor, "New@Somewhere.example"))
    assert counter.mailbox.mails[-1].to == "new@somewhere.example"
    assert run(counter.desk.check_code(visitor, counter.mailbox.code()))
    write = SetNewsletter("new@somewhere.example", True)
    outcome = run(counter.desk.confirm(visitor, counter.proposed(visitor, write).key))
    assert outcome.state == "done"
    assert run(counter.desk.orders(visitor)) == ()


def test_a_proposal_says_everything_and_changes_nothing(counter: Counter) -> None:
    before = counter.state()
    visitor = counter.verified("paid_by_paypal")
    order = counter.order("paid_by_paypal")
    proposal = counter.proposed(visitor, CancelOrder(order.number, "too many"))
    for part in (order.number, order.items[0].title, f"{order.total} is paid back"):
        assert part in proposal.text
    assert counter.state() == before
    assert counter.events() == ["proposed"]


def test_a_rule_against_it_is_told_with_its_reason(counter: Counter) -> None:
    visitor = counter.verified("past_cut_off")
    answer = run(
        counter.desk.propose(visitor, CancelOrder(number_of("past_cut_off"), "late"))
    )
    assert isinstance(answer, NotPossible)
    assert (answer.reason, answer.person) == ("cut_off_passed", False)
    assert "60 minutes" in answer.text


def test_a_malformed_write_is_refused_with_what_is_wrong(counter: Counter) -> None:
    visitor = counter.verified("just_placed")
    answer = run(counter.desk.propose(visitor, CancelOrder(MINE, "a\x00b")))
    assert isinstance(answer, NotPossible) and answer.reason == "not_valid"
    with pytest.raises(NotFoundError):
        line = ReturnLine("LO-100102-1", 1, "changed_mind")
        run(counter.desk.propose(visitor, RequestReturn(MINE, (line,))))


def test_forgetting_closes_everything(counter: Counter) -> None:
    visitor = counter.verified("just_placed")
    key = counter.proposed(visitor, CancelOrder(MINE, "x")).key
    run(counter.desk.forget(visitor))
    assert run(counter.desk.trust(visitor)).level == "anonymous"
    assert run(counter.desk.confirm(visitor, key)).state == "expired"
    assert counter.order("just_placed").status == "received"


def test_trust_ends_after_half_an_hour(counter: Counter) -> None:
    visitor = counter.verified("just_placed")
    counter.later(minutes=29)
    assert run(counter.desk.trust(visitor)).level == "verified"
    counter.later(minutes=1)
    assert run(counter.desk.trust(visitor)).level == "anonymous"


def test_trust_belongs_to_one_conversation(counter: Counter) -> None:
    counter.verified("just_placed", "one")
    for other in ("two", "on", "one ", "ONE", "one\x00", "o%", "1" * 5000):
        assert run(counter.desk.trust(Visitor(other))).level == "anonymous"

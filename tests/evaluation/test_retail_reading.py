from __future__ import annotations

import pytest

from frontdesk.evaluation.retail_reading import ACTIONS, NotAllowed, state_of
from tests.evaluation.retail_set import (
    AWAY,
    CANCEL,
    MOVE,
    MOVE_HOME,
    change_items,
    data,
    exchange,
    give_back,
)


def after(*actions):
    found = data()
    for name, given in actions:
        ACTIONS[name](found, given)
    return found


def test_cancelling_pays_back_by_the_same_method():
    order = state_of(after(CANCEL))["#W1"]
    assert (order["status"], order["reason"]) == ("cancelled", "no longer needed")
    assert order["refunds"] == [(2050, "paypal_1")]


def test_a_cancelled_gift_card_order_refills_the_card():
    cancel = ("cancel_pending_order", {**CANCEL[1], "order_id": "#W3"})
    assert state_of(after(cancel))["bob"]["gift cards"] == {"card_2": 2050}


def test_addresses_move():
    found = after(MOVE, MOVE_HOME)
    assert found["orders"]["#W1"]["address"] == AWAY
    assert found["users"]["ada"]["address"] == AWAY


def test_changed_items_are_paid_for_and_close_the_order():
    order = after(change_items("b"))["orders"]["#W1"]
    assert order["items"][0]["item_id"] == "b"
    assert order["payment_history"][1]["amount"] == 4.5
    with pytest.raises(NotAllowed, match="items modified"):
        after(change_items("b"), CANCEL)


def test_returns_and_exchanges_are_requested():
    state = state_of(after(give_back()))["#W2"]
    assert (state["status"], state["returned"]) == ("return requested", ["r"])
    state = state_of(after(exchange("b")))["#W2"]
    assert (state["exchanged"], state["instead"]) == (["r"], ["b"])
    assert (state["difference"], state["difference method"]) == (450, "paypal_1")


def test_another_payment_method_takes_the_money_over():
    given = {"order_id": "#W1", "payment_method_id": "card_1"}
    with pytest.raises(NotAllowed, match="does not cover"):
        after(("modify_pending_order_payment", given))
    found = data()
    found["users"]["ada"]["payment_methods"]["card_1"]["balance"] = 30.0
    ACTIONS["modify_pending_order_payment"](found, given)
    assert state_of(found)["ada"]["gift cards"] == {"card_1": 950}
    assert state_of(found)["#W1"]["refunds"] == [(2050, "paypal_1")]


@pytest.mark.parametrize(
    ("action", "said"),
    [
        (("cancel_pending_order", {**CANCEL[1], "reason": "bored"}), "bored"),
        (("cancel_pending_order", {**CANCEL[1], "order_id": "#W4"}), "processed"),
        (give_back("#W1"), "pending"),
        (give_back(method="paypal_9"), "no payment method"),
        (exchange("x"), "not to be had"),
        (exchange("u"), "not to be had"),
        (exchange("r"), "same item"),
        (exchange("b", method="card_1"), "does not cover"),
        (
            (
                "modify_pending_order_payment",
                {"order_id": "#W1", "payment_method_id": "paypal_1"},
            ),
            "another payment method",
        ),
    ],
)
def test_the_policy_forbids(action, said):
    with pytest.raises(NotAllowed, match=said):
        after(action)


def test_a_piece_goes_back_only_as_often_as_it_was_bought():
    name, given = give_back()
    with pytest.raises(NotAllowed, match="further"):
        after((name, {**given, "item_ids": ["r", "r", "r"]}))

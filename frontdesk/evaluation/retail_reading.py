"""A plain reading of the retail set's policy over its own JSON; nothing of our shop.

Each function does to the data what the policy's text says an action does, or refuses.
It exists to be compared with, so it shares no code with `frontdesk.commerce`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

Database = dict[str, Any]
Arguments = Mapping[str, Any]

_REASONS = ("no longer needed", "ordered by mistake")
_ADDRESS = ("address1", "address2", "city", "state", "country", "zip")


class NotAllowed(Exception):
    """The policy forbids the action; the message says why."""


def cancel(data: Database, given: Arguments) -> None:
    order = _order(data, given, "pending")
    if given["reason"] not in _REASONS:
        raise NotAllowed(f"{given['reason']!r} is no accepted reason")
    order["status"] = "cancelled"
    order["cancel_reason"] = given["reason"]
    for payment in list(order["payment_history"]):
        _pay(data, order, payment["payment_method_id"], -payment["amount"])


def change_address(data: Database, given: Arguments) -> None:
    order = _order(data, given, "pending", "pending (items modified)")
    order["address"] = {name: given[name] for name in _ADDRESS}


def change_payment(data: Database, given: Arguments) -> None:
    order = _order(data, given, "pending")
    (payment,) = order["payment_history"]
    method = given["payment_method_id"]
    if method == payment["payment_method_id"]:
        raise NotAllowed("it has to be another payment method")
    amount = payment["amount"]
    _pay(data, order, method, amount)
    _pay(data, order, payment["payment_method_id"], -amount)


def change_items(data: Database, given: Arguments) -> None:
    order = _order(data, given, "pending")
    chosen = _chosen(order, given["item_ids"])
    wanted = _wanted(data, chosen, given["new_item_ids"])
    difference = _difference(chosen, wanted)
    if difference:
        _pay(data, order, given["payment_method_id"], difference)
    for item, new in zip(chosen, wanted, strict=True):
        item.update(item_id=new["item_id"], price=new["price"], options=new["options"])
    order["status"] = "pending (items modified)"


def take_back(data: Database, given: Arguments) -> None:
    order = _order(data, given, "delivered")
    method = given["payment_method_id"]
    original = order["payment_history"][0]["payment_method_id"]
    if method != original and _method(data, order, method)["source"] != "gift_card":
        raise NotAllowed("it goes to the original method or to a gift card")
    _chosen(order, given["item_ids"])
    order["status"] = "return requested"
    order["returned"] = sorted(given["item_ids"])
    order["return_method"] = method


def exchange(data: Database, given: Arguments) -> None:
    order = _order(data, given, "delivered")
    chosen = _chosen(order, given["item_ids"])
    wanted = _wanted(data, chosen, given["new_item_ids"])
    difference = _difference(chosen, wanted)
    _covered(_method(data, order, given["payment_method_id"]), difference)
    order["status"] = "exchange requested"
    order["exchanged"] = sorted(given["item_ids"])
    order["instead"] = sorted(given["new_item_ids"])
    if difference:
        order["difference"] = difference
        order["difference_method"] = given["payment_method_id"]


def change_default_address(data: Database, given: Arguments) -> None:
    user = data["users"][given["user_id"]]
    user["address"] = {name: given[name] for name in _ADDRESS}


ACTIONS: dict[str, Callable[[Database, Arguments], None]] = {
    "cancel_pending_order": cancel,
    "modify_pending_order_address": change_address,
    "modify_pending_order_payment": change_payment,
    "modify_pending_order_items": change_items,
    "return_delivered_order_items": take_back,
    "exchange_delivered_order_items": exchange,
    "modify_user_address": change_default_address,
}
"""What each action of a task that changes something does."""


def state_of(data: Database) -> dict[str, dict[str, Any]]:
    """Everything that actions can change, by order and user."""
    state: dict[str, dict[str, Any]] = {}
    for number, order in data["orders"].items():
        state[number] = {
            "status": order["status"],
            "reason": order.get("cancel_reason", ""),
            "items": sorted(item["item_id"] for item in order["items"]),
            "address": [order["address"][name] for name in _ADDRESS],
            "refunds": sorted(
                (cents(one["amount"]), one["payment_method_id"])
                for one in order["payment_history"]
                if one["transaction_type"] == "refund"
            ),
            "returned": order.get("returned", []),
            "return method": order.get("return_method", ""),
            "exchanged": order.get("exchanged", []),
            "instead": order.get("instead", []),
            "difference": cents(order.get("difference", 0)),
            "difference method": order.get("difference_method", ""),
        }
    for user_id, user in data["users"].items():
        state[user_id] = {
            "default address": [user["address"][name] for name in _ADDRESS],
            "gift cards": {
                one["id"]: cents(one["balance"])
                for one in user["payment_methods"].values()
                if one["source"] == "gift_card"
            },
        }
    return state


def cents(amount: float) -> int:
    """An amount of the set, which holds them as floats, in whole cents."""
    return int((Decimal(str(amount)) * 100).to_integral_value())


def _order(data: Database, given: Arguments, *statuses: str) -> dict[str, Any]:
    order: dict[str, Any] = data["orders"][given["order_id"]]
    if order["status"] not in statuses:
        raise NotAllowed(f"the order is {order['status']}")
    return order


def _chosen(order: dict[str, Any], item_ids: list[str]) -> list[dict[str, Any]]:
    """The order's own items of these ids, one for each."""
    left = list(order["items"])
    found = []
    for item_id in item_ids:
        item = next((one for one in left if one["item_id"] == item_id), None)
        if item is None:
            raise NotAllowed(f"the order has no (further) item {item_id}")
        left.remove(item)
        found.append(item)
    return found


def _wanted(
    data: Database, chosen: list[dict[str, Any]], new_ids: list[str]
) -> list[dict[str, Any]]:
    """Available variants of the same products, each another one than before."""
    wanted = []
    for item, new_id in zip(chosen, new_ids, strict=True):
        new = data["products"][item["product_id"]]["variants"].get(new_id)
        if new is None or not new["available"]:
            raise NotAllowed(f"{new_id} is not to be had of this product")
        if new_id == item["item_id"]:
            raise NotAllowed(f"{new_id} is the same item")
        wanted.append(new)
    return wanted


def _difference(chosen: list[dict[str, Any]], wanted: list[dict[str, Any]]) -> float:
    difference = sum(cents(new["price"]) for new in wanted)
    return (difference - sum(cents(item["price"]) for item in chosen)) / 100


def _method(data: Database, order: dict[str, Any], method_id: str) -> dict[str, Any]:
    methods = data["users"][order["user_id"]]["payment_methods"]
    if method_id not in methods:
        raise NotAllowed(f"{method_id} is no payment method of the user")
    method: dict[str, Any] = methods[method_id]
    return method


def _covered(method: dict[str, Any], amount: float) -> None:
    if method["source"] == "gift_card" and cents(method["balance"]) < cents(amount):
        raise NotAllowed("the gift card does not cover it")


def _pay(data: Database, order: dict[str, Any], method_id: str, amount: float) -> None:
    """Take an amount, or pay a negative one back; a gift card moves at once."""
    method = _method(data, order, method_id)
    _covered(method, amount)
    kind = "payment" if amount > 0 else "refund"
    order["payment_history"].append(
        {
            "transaction_type": kind,
            "amount": abs(amount),
            "payment_method_id": method_id,
        }
    )
    if method["source"] == "gift_card":
        method["balance"] = (cents(method["balance"]) - cents(amount)) / 100

"""A tiny set of our own in the retail set's form."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

HOME = {
    "address1": "1 Elm Road",
    "address2": "",
    "city": "Denver",
    "state": "CO",
    "country": "USA",
    "zip": "80279",
}
AWAY = HOME | {"address1": "2 Oak Road", "address2": "Flat 3"}


def _variant(
    item_id: str, colour: str, price: float, available: bool
) -> dict[str, Any]:
    return {
        "item_id": item_id,
        "options": {"colour": colour},
        "available": available,
        "price": price,
    }


def _item(item_id: str, price: float) -> dict[str, Any]:
    return {
        "name": "Lamp",
        "product_id": "p1",
        "item_id": item_id,
        "price": price,
        "options": {"colour": "red"},
    }


def _order(number: str, user: str, status: str, method: str, *items: Any) -> Any:
    sent = [{"tracking_id": ["7"], "item_ids": [one["item_id"] for one in items]}]
    paid = {
        "transaction_type": "payment",
        "amount": sum(one["price"] for one in items),
        "payment_method_id": method,
    }
    return {
        "order_id": number,
        "user_id": user,
        "address": HOME,
        "items": list(items),
        "status": status,
        "fulfillments": [] if status == "pending" else sent,
        "payment_history": [paid],
    }


def _user(user_id: str, *methods: dict[str, Any]) -> dict[str, Any]:
    return {
        "user_id": user_id,
        "name": {"first_name": "Ada", "last_name": "Brook"},
        "address": HOME,
        "email": f"{user_id}@mail.example",
        "payment_methods": {one["id"]: one for one in methods},
    }


def data() -> dict[str, Any]:
    """Fresh data; `r` red, `g` green (same price), `b` blue (dearer), `x` sold out."""
    variants = [
        _variant("r", "red", 20.5, True),
        _variant("g", "green", 20.5, True),
        _variant("b", "blue", 25.0, True),
        _variant("x", "black", 20.5, False),
    ]
    lamp = {
        "name": "Lamp",
        "product_id": "p1",
        "variants": {one["item_id"]: one for one in variants},
    }
    rug = {
        "name": "Rug",
        "product_id": "p2",
        "variants": {"u": _variant("u", "red", 9.0, True)},
    }
    card = {"source": "gift_card", "id": "card_1", "balance": 3.0}
    return {
        "products": {"p1": lamp, "p2": rug},
        "users": {
            "ada": _user("ada", {"source": "paypal", "id": "paypal_1"}, card),
            "bob": _user("bob", {"source": "gift_card", "id": "card_2", "balance": 0}),
        },
        "orders": {
            "#W1": _order("#W1", "ada", "pending", "paypal_1", _item("r", 20.5)),
            "#W2": _order(
                "#W2",
                "ada",
                "delivered",
                "paypal_1",
                _item("r", 20.5),
                _item("r", 20.5),
            ),
            "#W3": _order("#W3", "bob", "pending", "card_2", _item("r", 20.5)),
            "#W4": _order("#W4", "ada", "processed", "paypal_1", _item("r", 20.5)),
        },
    }


def task(task_id: str, *actions: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    named = [{"name": name, "arguments": given} for name, given in actions]
    return {"id": task_id, "evaluation_criteria": {"actions": named}}


def write_set(folder: Path, *tasks: dict[str, Any]) -> Path:
    (folder / "db.json").write_text(json.dumps(data()))
    (folder / "tasks.json").write_text(json.dumps(list(tasks)))
    return folder


CANCEL = ("cancel_pending_order", {"order_id": "#W1", "reason": "no longer needed"})
MOVE = ("modify_pending_order_address", {"order_id": "#W1", **AWAY})
MOVE_HOME = ("modify_user_address", {"user_id": "ada", **AWAY})


def swap(name: str, order: str, old: list[str], new: list[str], method: str) -> Any:
    given = {"order_id": order, "item_ids": old, "payment_method_id": method}
    return name, given | ({"new_item_ids": new} if new else {})


def give_back(order: str = "#W2", method: str = "paypal_1") -> Any:
    return swap("return_delivered_order_items", order, ["r"], [], method)


def exchange(new: str, method: str = "paypal_1", order: str = "#W2") -> Any:
    return swap("exchange_delivered_order_items", order, ["r"], [new], method)


def change_items(new: str, method: str = "paypal_1", order: str = "#W1") -> Any:
    return swap("modify_pending_order_items", order, ["r"], [new], method)

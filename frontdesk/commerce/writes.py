"""What can be changed in a shop, as data: shown, kept, confirmed and then sent.

A write is a value, so that the very thing the customer was shown is what is executed
later, and what the audit table holds.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any, Literal

from frontdesk.commerce.values import Address, Money, ReturnLine

Operation = Literal[
    "cancel_order",
    "change_address",
    "request_return",
    "request_exchange",
    "reorder",
    "notify_back_in_stock",
    "claim_warranty",
    "set_newsletter",
    "request_data",
]


@dataclass(frozen=True)
class CancelOrder:
    """Cancel the whole order; money taken already is paid back the way it came."""

    order_number: str
    reason: str


@dataclass(frozen=True)
class ChangeAddress:
    """Send the order to another address."""

    order_number: str
    address: Address


@dataclass(frozen=True)
class RequestReturn:
    """Announce that items come back; `method` is `label`, `shop` or `collection`."""

    order_number: str
    lines: tuple[ReturnLine, ...]
    method: str = "label"


@dataclass(frozen=True)
class RequestExchange:
    """Announce that items come back; each line names the variant sent instead."""

    order_number: str
    lines: tuple[ReturnLine, ...]
    method: str = "label"


@dataclass(frozen=True)
class Reorder:
    """Prepare the same order again, to be paid by the customer through a link."""

    order_number: str


@dataclass(frozen=True)
class NotifyBackInStock:
    """Write once to this address when the variant can be bought again.

    With `product_id`, the variant's product, the variant is looked up and named.
    """

    variant_id: str
    email: str
    product_id: str = ""


@dataclass(frozen=True)
class ClaimWarranty:
    """Report a fault of an item; `problem` is in the customer's words."""

    order_number: str
    item_id: str
    problem: str


@dataclass(frozen=True)
class SetNewsletter:
    """Subscribe or unsubscribe an address."""

    email: str
    subscribed: bool


@dataclass(frozen=True)
class RequestData:
    """Ask for a copy of the customer's data, or for its deletion."""

    customer_id: str
    kind: Literal["export", "deletion"]


Write = (
    CancelOrder
    | ChangeAddress
    | RequestReturn
    | RequestExchange
    | Reorder
    | NotifyBackInStock
    | ClaimWarranty
    | SetNewsletter
    | RequestData
)

OPERATIONS: dict[type[Write], Operation] = {
    CancelOrder: "cancel_order",
    ChangeAddress: "change_address",
    RequestReturn: "request_return",
    RequestExchange: "request_exchange",
    Reorder: "reorder",
    NotifyBackInStock: "notify_back_in_stock",
    ClaimWarranty: "claim_warranty",
    SetNewsletter: "set_newsletter",
    RequestData: "request_data",
}
_CLASSES = {operation: kind for kind, operation in OPERATIONS.items()}


@dataclass(frozen=True)
class Done:
    """What the back end itself says it did: the only ground for "it is done".

    Attributes:
        state: `done`, or `in_progress` where the vendor works on it in a job.
        reference: The vendor's own number for it: a return, a claim, a new order.
        url: A label, payment or download link, where there is one.
        amount: Money that is paid back or has to be paid because of it.
        note: A sentence of the vendor for the customer, such as where to drop a parcel.
    """

    operation: Operation
    key: str
    state: Literal["done", "in_progress"] = "done"
    reference: str = ""
    url: str = ""
    amount: Money | None = None
    note: str = ""


def operation_of(write: Write) -> Operation:
    """The name of what a write does."""
    return OPERATIONS[type(write)]


def to_json(write: Write) -> str:
    """A write as text with sorted keys: equal writes give equal text."""
    return json.dumps(
        {"operation": operation_of(write), **asdict(write)}, sort_keys=True
    )


def from_json(text: str) -> Write:
    """The write that `to_json` wrote."""
    fields: dict[str, Any] = json.loads(text)
    kind = _CLASSES[fields.pop("operation")]
    if "address" in fields:
        fields["address"] = Address(**fields["address"])
    if "lines" in fields:
        fields["lines"] = tuple(ReturnLine(**line) for line in fields["lines"])
    return kind(**fields)

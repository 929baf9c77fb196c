"""What a rule says about a write: allowed, refused, or for a person to decide."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from frontdesk.commerce.values import Money, Order, Product, Return, Variant


@dataclass(frozen=True)
class Decision:
    """The verdict of the shop's rules.

    Attributes:
        reason: A short word, empty when allowed.
        text: Why not, in one or two sentences for the customer; empty when allowed.
        conditions: What the customer states by confirming.
        cost: What it costs the customer, if anything.
        refund: What comes back for the goods before that cost.
    """

    outcome: Literal["allowed", "refused", "person"]
    reason: str = ""
    text: str = ""
    conditions: tuple[str, ...] = ()
    cost: Money | None = None
    refund: Money | None = None


ALLOWED = Decision("allowed")


def refused(reason: str, text: str) -> Decision:
    """A refusal."""
    return Decision("refused", reason, text)


def person(reason: str, text: str) -> Decision:
    """A case for a person."""
    return Decision("person", reason, text)


@dataclass(frozen=True)
class Facts:
    """What the back end says now about everything that a write touches.

    Attributes:
        order: The order that the write names.
        returns: Its returns and exchanges.
        products: Products of its items, by product id; those that still exist.
        variant: The variant of a notice.
        orders: All orders of a customer who wants their data deleted.
        open_returns: How many of their returns are not finished.
    """

    now: datetime
    order: Order | None = None
    returns: tuple[Return, ...] = ()
    products: Mapping[str, Product] = field(default_factory=dict)
    variant: Variant | None = None
    orders: tuple[Order, ...] = ()
    open_returns: int = 0

"""What the contract needs to know about a back end's test data."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from frontdesk.commerce.backend import CommerceBackend
from frontdesk.commerce.values import Address

Run = Callable[[Coroutine[Any, Any, Any]], Any]

KEY = "a" * 64
OTHER_KEY = "b" * 64
ELSEWHERE = Address(
    name="Jo Field",
    line1="7 Quay Street",
    line2="Flat 2",
    city="Bristol",
    postcode="BS1 4DJ",
    country="GB",
    phone="+447700900999",
)


@dataclass
class Sample:
    """A shop with something of each sort in it.

    Attributes:
        open_order: Neither packed nor paid out; may be cancelled and sent elsewhere.
        shipped_order: On its way.
        delivered_order: Delivered whole, nothing of it returned; its first item's
            product has another variant in stock, or it has no such item and the back
            end offers no exchange.
        customer_id: Whose orders the open and the delivered one are.
        product_id: Found by the words of `search`, cheaper than 10,000.
        sold_out_variant: Cannot be bought now.
        lose_next_answer: Makes the back end do the next write and not answer.
        go_down: Makes the back end refuse every connection or answer 503.
        remembers_keys: False where the vendor takes no keys, so that another write
            under a used key cannot be noticed.
    """

    backend: CommerceBackend
    open_order: str
    shipped_order: str
    delivered_order: str
    customer_id: str
    customer_email: str
    customer_phone: str
    product_id: str
    search: str
    sold_out_variant: str
    lose_next_answer: Callable[[], None]
    go_down: Callable[[], None]
    remembers_keys: bool = True

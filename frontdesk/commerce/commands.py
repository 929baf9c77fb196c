"""What `frontdesk shop` does: ask the configured shop, and print what it offers."""

from __future__ import annotations

import asyncio
from typing import get_args

from frontdesk.commerce.backend import CommerceBackend, Reading
from frontdesk.commerce.open import open_backend
from frontdesk.commerce.values import Order, ProductQuery
from frontdesk.commerce.writes import Operation
from frontdesk.settings import Settings


def shop_command(order: str | None) -> int:
    """Print what the shop can do, and one of its products or an order; writes nothing.

    Raises:
        CommerceError: The shop cannot be opened or does not answer.
    """
    settings = Settings.from_environ()
    backend = open_backend(settings)
    print(f"{settings.commerce}: {type(backend).__name__}")
    for name in (*get_args(Operation), *get_args(Reading)):
        print(f"  {'yes' if name in backend.capabilities() else 'no':4}{name}")
    print(asyncio.run(_ask(backend, order)))
    return 0


async def _ask(backend: CommerceBackend, number: str | None) -> str:
    try:
        if number is not None:
            return _shown(await backend.order(number))
        found = await backend.search_products(ProductQuery(top_k=1))
        named = found[0].title if found else "no product on sale"
        return f"The shop answers; one of its products: {named}."
    finally:
        await backend.close()


def _shown(order: Order) -> str:
    items = ", ".join(f"{item.quantity} x {item.title}" for item in order.items)
    return (
        f"{order.number}: {order.status}, {order.payment}, {order.total}, placed "
        f"{order.placed_at:%Y-%m-%d}: {items}"
    )

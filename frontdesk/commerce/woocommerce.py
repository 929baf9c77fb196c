"""A WooCommerce shop behind the `CommerceBackend` interface, by its REST API v3.

| operation | endpoint | limits | page: developer.woocommerce.com/docs/apis/rest-api/v3/ |
| --- | --- | --- | --- |
| order | `GET orders/<id>`, else `GET orders?search=`; number compared by us | | orders |
| its goods and parcels | `GET products?include=`, `GET orders/<id>/fulfillments` | fulfilments only where switched on, else 404 | order-fulfillments |
| orders of a customer | `GET orders?customer=` | | orders |
| customer | `GET customers/<id>`, `GET customers?email=` | | customers |
| customer by phone | `GET orders?search=`, customers of orders with exactly this number | finds none without an order | orders |
| refunds | `GET orders/<id>/refunds` | | order-refunds |
| products | `GET products?search=&status=publish`, `GET products/<id>/variations` | | products |
| cancel, not paid | `PUT orders/<id>` with status and mark in one | not once sent (checked by us) | orders |
| cancel, paid | `POST orders/<id>/refunds` in full with `api_refund`, restocking and mark in one; the order becomes `refunded`, which we read as cancelled | no idempotency keys: the refund is looked for before | order-refunds |
| address | `PUT orders/<id>` with address and mark in one | not once sent (checked by us) | orders |
| order again | `POST orders`, paid at its `payment_url` | stock is reserved by payment | orders |

Not offered by WooCommerce's core: returns, exchanges, invoices, notices of new stock,
warranty claims, the newsletter, and requests for a customer's data (WordPress has them,
but not in an API).

Every write is one request and leaves a meta value `_frontdesk_<key>` on what it changed,
so that it is found afterwards, whole or not at all.
"""  # noqa: E501

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import httpx

from frontdesk.commerce.backend import Reading
from frontdesk.commerce.calls import TIMEOUT, Caller, asked_number, checked_url
from frontdesk.commerce.errors import (
    NotFoundError,
    ShopSettingsError,
    UnsupportedError,
)
from frontdesk.commerce.trust import normal_number
from frontdesk.commerce.values import (
    Customer,
    Invoice,
    Order,
    Product,
    ProductQuery,
    Refund,
    Return,
)
from frontdesk.commerce.vendor_search import narrowed, words
from frontdesk.commerce.woocommerce_rest import (
    PER_PAGE,
    SETTINGS,
    Json,
    WooCommerceRest,
)
from frontdesk.commerce.woocommerce_values import (
    read_customer,
    read_order,
    read_product,
    read_refund,
)
from frontdesk.commerce.woocommerce_writes import WooCommerceWrites
from frontdesk.commerce.writes import Done, Operation, Write
from frontdesk.settings import Settings

MAX_PAGES = 10  # of 100: what one search reads at most
SINGLE_WORDS = 4  # of a text that finds nothing as a whole
_CAPABILITIES: frozenset[Operation | Reading] = frozenset(
    {"cancel_order", "change_address", "reorder", "read_refunds", "read_stock"}
)


def open_woocommerce(settings: Settings) -> WooCommerceBackend:
    """The shop of the FRONTDESK_WOOCOMMERCE settings; nothing is sent yet.

    Raises:
        ShopSettingsError: One of them is missing or wrong.
    """
    url = checked_url(settings.woocommerce_url, "FRONTDESK_WOOCOMMERCE_URL")
    key, secret = settings.woocommerce_key, settings.woocommerce_secret
    if not key or not secret:
        raise ShopSettingsError(f"WooCommerce needs a key: set {SETTINGS} in .env.")
    caller = Caller(httpx.AsyncClient(timeout=TIMEOUT), "WooCommerce", SETTINGS)
    version = settings.woocommerce_api_version
    return WooCommerceBackend(WooCommerceRest(caller, url, version, key, secret))


class WooCommerceBackend:
    """A shop on WooCommerce."""

    def __init__(self, rest: WooCommerceRest) -> None:
        self._rest = rest
        self._writes = WooCommerceWrites(rest, self)
        self._currency = ""

    def capabilities(self) -> frozenset[Operation | Reading]:
        """See `CommerceBackend`."""
        return _CAPABILITIES

    async def order(self, number: str) -> Order:
        """See `CommerceBackend`."""
        return (await self.read_orders([await self.order_json(number)]))[0]

    async def orders_of(self, customer_id: str, top_k: int = 10) -> tuple[Order, ...]:
        """See `CommerceBackend`."""
        if not _is_id(customer_id):  # 0 would be every guest
            return ()
        asked = {"customer": customer_id, "orderby": "date", "order": "desc"}
        found = await self._rest.read("orders", **asked, per_page=min(top_k, PER_PAGE))
        return await self.read_orders(found or ())

    async def customer(self, customer_id: str) -> Customer:
        """See `CommerceBackend`."""
        path = f"customers/{customer_id}"
        found = await self._rest.read(path) if _is_id(customer_id) else None
        if not found:
            raise NotFoundError(f"WooCommerce has no customer {customer_id!r}.")
        return read_customer(found)

    async def customer_by_email(self, email: str) -> Customer:
        """See `CommerceBackend`."""
        asked = {"email": email.casefold(), "role": "all"}
        found = await self._rest.read("customers", **asked) if "@" in email else None
        for one in found or ():
            if one["email"].casefold() == email.casefold():
                return read_customer(one)
        raise NotFoundError(f"WooCommerce has no customer with {email!r}.")

    async def customer_by_phone(self, phone: str) -> Customer:
        """See `CommerceBackend`; found by the orders that carry the number."""
        if not phone:
            raise NotFoundError("An empty number is nobody's.")
        ids = set()
        async for order in self._rest.pages("orders", MAX_PAGES, search=phone):
            if order["customer_id"] and order["billing"]["phone"] == phone:
                ids.add(str(order["customer_id"]))
        if len(ids) != 1:
            raise NotFoundError(f"{len(ids)} customers ordered with {phone!r}.")
        return await self.customer(ids.pop())

    async def returns_of(self, order_number: str) -> tuple[Return, ...]:
        """See `CommerceBackend`; WooCommerce keeps none."""
        raise UnsupportedError("WooCommerce has no returns.")

    async def refunds_of(self, order_number: str) -> tuple[Refund, ...]:
        """See `CommerceBackend`."""
        order = await self.order_json(order_number)
        pages = self._rest.pages(f"orders/{order['id']}/refunds", MAX_PAGES)
        found = [read_refund(one, order) async for one in pages]
        return tuple(sorted(found, key=lambda one: one.created_at))

    async def invoice(self, order_number: str) -> Invoice | None:
        """See `CommerceBackend`; WooCommerce keeps none."""
        raise UnsupportedError("WooCommerce has no invoices.")

    async def search_products(self, query: ProductQuery) -> tuple[Product, ...]:
        """See `CommerceBackend`; limits and order are applied to what it finds.

        WordPress wants every word: a text that finds nothing is searched by word.
        """
        asked = await self._product_filters(query)
        found = await self._search(asked, " ".join(words(query.text)))
        if not found:
            longest = sorted(words(query.text), key=len, reverse=True)
            for word in longest[:SINGLE_WORDS]:
                found += await self._search(asked, word)
        currency = await self._currency_code()
        products = [
            read_product(one, await self._variations(one), currency) for one in found
        ]
        return narrowed(products, query)

    async def product(self, product_id: str) -> Product:
        """See `CommerceBackend`; drafts and private products are not found."""
        path = f"products/{product_id}"
        found = await self._rest.read(path) if _is_id(product_id) else None
        if not found or found["status"] != "publish":
            raise NotFoundError(f"WooCommerce has no product {product_id!r} on sale.")
        variations = await self._variations(found)
        return read_product(found, variations, await self._currency_code())

    async def write(self, write: Write, key: str) -> Done:
        """See `CommerceBackend`."""
        return await self._writes.perform(write, key)

    async def find_write(self, write: Write, key: str) -> Done | None:
        """See `CommerceBackend`."""
        return await self._writes.find(write, key)

    async def close(self) -> None:
        """See `CommerceBackend`."""
        await self._rest.close()

    async def order_json(self, number: str) -> Json:
        """The order as WooCommerce has it; NotFoundError."""
        wanted = asked_number(number)
        if _is_id(wanted):  # the number is the id unless an extension numbers anew
            found: Json | None = await self._rest.read(f"orders/{wanted}")
            if found and normal_number(str(found["number"])) == wanted:
                return found
        async for order in self._rest.pages("orders", MAX_PAGES, search=wanted):
            if normal_number(str(order["number"])) == wanted:
                return order
        raise NotFoundError(f"WooCommerce has no order {number!r}.")

    async def read_orders(self, orders: Sequence[Json]) -> tuple[Order, ...]:
        """Orders with their goods and parcels, which are looked up here."""
        products = await self._products_of(orders)
        read = []
        for order in orders:
            parcels = await self._rest.read(f"orders/{order['id']}/fulfillments")
            read.append(read_order(order, products, parcels or ()))
        return tuple(read)

    async def _products_of(self, orders: Iterable[Json]) -> dict[int, Json]:
        ids = {line["product_id"] for order in orders for line in order["line_items"]}
        wanted = ",".join(str(one) for one in sorted(ids) if one)
        if not wanted:
            return {}
        pages = self._rest.pages("products", MAX_PAGES, include=wanted, status="any")
        return {one["id"]: one async for one in pages}

    async def _product_filters(self, query: ProductQuery) -> dict[str, str | int]:
        asked: dict[str, str | int] = {"status": "publish"}
        if query.available_only:
            asked["stock_status"] = "instock"
        if query.min_price is not None:
            asked["min_price"] = str(query.min_price)
        if query.max_price is not None:
            asked["max_price"] = str(query.max_price)
        if query.family:
            path = "products/categories"
            async for one in self._rest.pages(path, MAX_PAGES, search=query.family):
                if one["name"].casefold() == query.family.casefold():
                    asked["category"] = one["id"]
        return asked

    async def _search(self, asked: dict[str, str | int], text: str) -> list[Json]:
        query = {**asked, "search": text} if text else asked
        return [one async for one in self._rest.pages("products", 1, **query)]

    async def _variations(self, product: Json) -> list[Json]:
        if product["type"] != "variable":
            return []
        path = f"products/{product['id']}/variations"
        return [
            one
            async for one in self._rest.pages(path, MAX_PAGES)
            if one["status"] == "publish"
        ]

    async def _currency_code(self) -> str:
        if not self._currency:
            found: Any = await self._rest.read("data/currencies/current")
            self._currency = found["code"]
        return self._currency


def _is_id(text: str) -> bool:
    return text.isdecimal() and int(text) > 0

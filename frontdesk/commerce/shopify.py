"""A Shopify shop behind the `CommerceBackend` interface, by its Admin GraphQL API.

| operation | query or mutation | limits | page: shopify.dev/docs/api/admin-graphql/ |
| --- | --- | --- | --- |
| order | `orders(query: "name:…")`, name compared by us | 60 days back without the scope `read_all_orders` | queries/orders |
| orders of a customer | `customer.orders` | the same | queries/customer |
| customer by id, email, phone | `customerByIdentifier` | | queries/customerByIdentifier |
| returns, labels | `order.returns` | | objects/Return |
| refunds | `order.refunds` | the first 50 | objects/Refund |
| products | `products(query:)`, only active ones | searches come from an index that lags by seconds | queries/products |
| cancel | our mark by `metafieldsSet`, then `orderCancel`: a job, polled with `job` | pays back and restocks; not once shipped | mutations/orderCancel |
| address | `orderUpdate` with address and mark in one | not once shipped (checked by us) | mutations/orderUpdate |
| return | `returnRequest`: the shop approves it; mark in `customerNote` | delivered or shipped pieces | mutations/returnRequest |
| exchange | `returnCreate` with `exchangeLineItems`; mark in `returnReasonNote` | opened as approved | mutations/returnCreate |
| order again | `draftOrderCreate`, tagged; paid at its `invoiceUrl` | | mutations/draftOrderCreate |
| newsletter | `customerEmailMarketingConsentUpdate` | customers of the shop only | mutations/customerEmailMarketingConsentUpdate |

Not offered by Shopify: invoices as documents, notices of new stock, warranty claims,
copies of a customer's data (its deletion alone would be half of an operation).
No mutation used here takes an idempotency key (`refundCreate` does; `orderCancel` pays
back by itself), so a write first looks for its own mark and Shopify's own state refuses
a second effect: an order is cancelled once, a piece returned once.
"""  # noqa: E501

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from frontdesk.commerce import shopify_documents as documents
from frontdesk.commerce.backend import Reading
from frontdesk.commerce.calls import TIMEOUT, Caller, asked_number, checked_url
from frontdesk.commerce.errors import (
    NotFoundError,
    ShopSettingsError,
    UnsupportedError,
)
from frontdesk.commerce.shopify_admin import SETTINGS, ShopifyAdmin
from frontdesk.commerce.shopify_values import (
    gid,
    read_customer,
    read_order,
    read_product,
    read_refund,
    read_return,
)
from frontdesk.commerce.shopify_writes import JOB_POLL_S, ShopifyWrites
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
from frontdesk.commerce.writes import Done, Operation, Write
from frontdesk.settings import Settings

PRODUCT_PAGES = 10  # of five products: what one search reads at most
_CAPABILITIES: frozenset[Operation | Reading] = frozenset(
    {
        "cancel_order",
        "change_address",
        "request_return",
        "request_exchange",
        "reorder",
        "set_newsletter",
        "read_returns",
        "read_refunds",
        "read_stock",
    }
)


def open_shopify(settings: Settings) -> ShopifyBackend:
    """The shop of the FRONTDESK_SHOPIFY settings; nothing is sent yet.

    Raises:
        ShopSettingsError: One of them is missing or wrong.
    """
    url = checked_url(settings.shopify_url, "FRONTDESK_SHOPIFY_URL")
    pair = (settings.shopify_client_id, settings.shopify_client_secret)
    if not settings.shopify_token and not all(pair):
        raise ShopSettingsError(f"Shopify needs a key: set {SETTINGS} in .env.")
    caller = Caller(httpx.AsyncClient(timeout=TIMEOUT), "Shopify", SETTINGS)
    version = settings.shopify_api_version
    token = settings.shopify_token
    return ShopifyBackend(ShopifyAdmin(caller, url, version, token, *pair))


class ShopifyBackend:
    """A shop at Shopify."""

    def __init__(self, admin: ShopifyAdmin, job_poll_s: float = JOB_POLL_S) -> None:
        self._admin = admin
        self._writes = ShopifyWrites(admin, self, job_poll_s)

    def capabilities(self) -> frozenset[Operation | Reading]:
        """See `CommerceBackend`."""
        return _CAPABILITIES

    async def order(self, number: str) -> Order:
        """See `CommerceBackend`."""
        return (await self.order_with_id(number))[1]

    async def orders_of(self, customer_id: str, top_k: int = 10) -> tuple[Order, ...]:
        """See `CommerceBackend`."""
        if not customer_id.isdecimal():
            return ()
        found: list[Order] = []
        path = ("customer", "orders")
        variables = {"id": gid("Customer", customer_id)}
        async for node in self._admin.pages(documents.ORDERS_OF, path, variables):
            found.append(await self._read_order(node))
            if len(found) == top_k:
                break
        return tuple(found)

    async def customer(self, customer_id: str) -> Customer:
        """See `CommerceBackend`."""
        if not customer_id.isdecimal():
            raise NotFoundError(f"Shopify has no customer {customer_id!r}.")
        return await self._customer({"id": gid("Customer", customer_id)})

    async def customer_by_email(self, email: str) -> Customer:
        """See `CommerceBackend`."""
        customer = await self._customer({"emailAddress": email})
        if customer.email.casefold() != email.casefold():
            raise NotFoundError(f"Shopify has no customer with {email!r}.")
        return customer

    async def customer_by_phone(self, phone: str) -> Customer:
        """See `CommerceBackend`."""
        customer = await self._customer({"phoneNumber": phone})
        if customer.phone != phone:
            raise NotFoundError(f"Shopify has no customer with {phone!r}.")
        return customer

    async def returns_of(self, order_number: str) -> tuple[Return, ...]:
        """See `CommerceBackend`."""
        order_id, order = await self.order_with_id(order_number)
        found = [
            read_return(node, order.number)
            async for node in self._admin.pages(
                documents.RETURNS, ("order", "returns"), {"id": order_id}
            )
        ]
        return tuple(sorted(found, key=lambda one: one.requested_at))

    async def refunds_of(self, order_number: str) -> tuple[Refund, ...]:
        """See `CommerceBackend`."""
        order_id, order = await self.order_with_id(order_number)
        data = await self._admin.read(documents.REFUNDS, id=order_id)
        found = [read_refund(one, order.number) for one in data["order"]["refunds"]]
        return tuple(sorted(found, key=lambda one: one.created_at))

    async def invoice(self, order_number: str) -> Invoice | None:
        """See `CommerceBackend`; Shopify keeps none."""
        raise UnsupportedError("Shopify has no invoices as documents.")

    async def search_products(self, query: ProductQuery) -> tuple[Product, ...]:
        """See `CommerceBackend`; limits and order are applied to what Shopify finds."""
        found: list[Product] = []
        variables = {"query": _product_search(query)}
        for _ in range(PRODUCT_PAGES):
            data = await self._admin.read(documents.PRODUCTS, **variables)
            currency, page = data["shop"]["currencyCode"], data["products"]
            found += [read_product(one, currency) for one in page["nodes"]]
            if not page["pageInfo"]["hasNextPage"]:
                break
            variables["after"] = page["pageInfo"]["endCursor"]
        return narrowed(found, query)

    async def product(self, product_id: str) -> Product:
        """See `CommerceBackend`; drafts and archived products are not found."""
        missing = NotFoundError(f"Shopify has no product {product_id!r} on sale.")
        if not product_id.isdecimal():
            raise missing
        data = await self._admin.read(documents.PRODUCT, id=gid("Product", product_id))
        if not data["product"] or data["product"]["status"] != "ACTIVE":
            raise missing
        return read_product(data["product"], data["shop"]["currencyCode"])

    async def write(self, write: Write, key: str) -> Done:
        """See `CommerceBackend`."""
        return await self._writes.perform(write, key)

    async def find_write(self, write: Write, key: str) -> Done | None:
        """See `CommerceBackend`."""
        return await self._writes.find(write, key)

    async def close(self) -> None:
        """See `CommerceBackend`."""
        await self._admin.close()

    async def order_with_id(self, number: str) -> tuple[str, Order]:
        """Global id and value of the order with exactly this number."""
        wanted = asked_number(number)
        found = self._admin.pages(
            documents.ORDERS, ("orders",), {"query": f"name:{wanted}"}
        )
        async for node in found:
            if normal_number(node["name"]) == wanted:
                return node["id"], await self._read_order(node)
        raise NotFoundError(f"Shopify has no order {number!r}.")

    async def _read_order(self, node: Mapping[str, Any]) -> Order:
        items, page = list(node["lineItems"]["nodes"]), node["lineItems"]["pageInfo"]
        if page["hasNextPage"]:
            variables = {"id": node["id"], "after": page["endCursor"]}
            path = ("order", "lineItems")
            async for item in self._admin.pages(documents.MORE_ITEMS, path, variables):
                items.append(item)
        return read_order(node, items)

    async def _customer(self, identifier: Mapping[str, str]) -> Customer:
        data = await self._admin.read(documents.CUSTOMER, identifier=identifier)
        if not data["customerByIdentifier"]:
            raise NotFoundError("Shopify has no such customer.")
        return read_customer(data["customerByIdentifier"])


def _product_search(query: ProductQuery) -> str:
    terms = ["status:active"]
    if query.family:
        quoted = query.family.replace("\\", "").replace('"', "")
        terms.append(f'product_type:"{quoted}"')
    if query.min_price is not None:
        terms.append(f"price:>={query.min_price}")
    if query.max_price is not None:
        terms.append(f"price:<={query.max_price}")
    if said := words(query.text):
        terms.append(f"({' OR '.join(said)})")
    return " ".join(terms)

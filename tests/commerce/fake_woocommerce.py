"""A strict WooCommerce on loopback: `fake = FakeWooCommerce(); serve(fake.app())`.

It refuses any query parameter and any field it does not know from the reference pages
(developer.woocommerce.com/docs/apis/rest-api/v3), checks the key and its permission,
pages its lists by `page` and `per_page`, and answers errors as `{code, message, data}`.
"""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.commerce.loopback import LostAnswer
from tests.commerce.woocommerce_records import Record, made_order

KEY, SECRET = "ck_test", "cs_test"
_PAGING = {"page", "per_page", "orderby", "order"}
_ORDER_FIELDS = {
    "status",
    "customer_id",
    "billing",
    "shipping",
    "line_items",
    "meta_data",
}
_REFUND_FIELDS = {
    "amount",
    "reason",
    "api_refund",
    "api_restock",
    "line_items",
    "meta_data",
}
_STATUSES = {
    "pending",
    "processing",
    "on-hold",
    "completed",
    "cancelled",
    "refunded",
    "failed",
    "trash",
}
_ADDRESS = {
    "first_name",
    "last_name",
    "company",
    "address_1",
    "address_2",
    "city",
    "state",
    "postcode",
    "country",
    "email",
    "phone",
}

Handler = Callable[[Request], Awaitable[Response]]


class WooError(Exception):
    """An error answer."""

    def __init__(self, code: str, status: int) -> None:
        super().__init__(code)
        self.code, self.status = code, status


class FakeWooCommerce:
    """A shop; tests fill its lists and read `asked`.

    Attributes:
        asked: Method and path of every accepted request, in order.
        lose: The method whose next answer never arrives.
        limited: How many requests are answered with 429 first.
        read_only: Whether the key may only read.
        fulfilments_on: Whether the shop has switched order fulfilments on.
        gateway_works: Whether the payment gateway pays back.
    """

    def __init__(self) -> None:
        self.orders: list[Record] = []
        self.customers: list[Record] = []
        self.products: list[Record] = []
        self.variations: dict[int, list[Record]] = {}
        self.refunds: dict[int, list[Record]] = {}
        self.fulfilments: dict[int, list[Record]] = {}
        self.asked: list[str] = []
        self.lose = ""
        self.limited, self.retry_after = 0, "0.05"
        self.read_only = False
        self.fulfilments_on = True
        self.gateway_works = True
        self._changes = 0

    def app(self) -> Starlette:
        def route(path: str, handler: Handler, *methods: str) -> Route:
            return Route(
                f"/wp-json/wc/v3/{path}", self._guarded(handler), methods=methods
            )

        return Starlette(
            routes=[
                route("orders", self._list_orders, "GET"),
                route("orders", self._create_order, "POST"),
                route("orders/{id:int}", self._get_order, "GET"),
                route("orders/{id:int}", self._update_order, "PUT"),
                route("orders/{id:int}/refunds", self._list_refunds, "GET"),
                route("orders/{id:int}/refunds", self._create_refund, "POST"),
                route("orders/{id:int}/fulfillments", self._list_fulfilments, "GET"),
                route("customers", self._list_customers, "GET"),
                route("customers/{id:int}", self._get_customer, "GET"),
                route("products", self._list_products, "GET"),
                route("products/categories", self._list_categories, "GET"),
                route("products/{id:int}", self._get_product, "GET"),
                route("products/{id:int}/variations", self._list_variations, "GET"),
                route("data/currencies/current", self._currency, "GET"),
            ],
            exception_handlers={404: _no_route},
        )

    def _guarded(self, handler: Handler) -> Handler:
        async def guarded(request: Request) -> Response:
            if self.limited:
                self.limited -= 1
                return Response(
                    status_code=429, headers={"Retry-After": self.retry_after}
                )
            try:
                self._check_key(request)
                response = await handler(request)
            except WooError as error:
                body = {"code": error.code, "message": error.code}
                data = {"data": {"status": error.status}}
                return JSONResponse(body | data, error.status)
            self.asked.append(
                f"{request.method} {request.url.path[len('/wp-json/wc/v3/') :]}"
            )
            if request.method == self.lose:
                self.lose = ""
                return LostAnswer()
            return response

        return guarded

    def _check_key(self, request: Request) -> None:
        expected = base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()
        if request.headers.get("Authorization") != f"Basic {expected}":
            raise WooError("woocommerce_rest_cannot_view", 401)
        if self.read_only and request.method != "GET":
            raise WooError("woocommerce_rest_authentication_error", 401)

    # Orders

    async def _list_orders(self, request: Request) -> Response:
        query = _query(request, {"search", "customer"})
        found = self.orders
        if "customer" in query:
            found = [
                one for one in found if one["customer_id"] == int(query["customer"])
            ]
        if "search" in query:
            wanted = query["search"].lower()
            found = [one for one in found if wanted in _searchable(one)]
        if query.get("orderby", "date") == "date":
            newest = query.get("order", "desc") == "desc"
            found = sorted(
                found, key=lambda one: one["date_created_gmt"], reverse=newest
            )
        return _paged(found, query)

    async def _get_order(self, request: Request) -> Response:
        _query(request, set())
        return JSONResponse(self._order(request))

    async def _create_order(self, request: Request) -> Response:
        body = await _body(request, _ORDER_FIELDS)
        known = {one["id"]: one for one in self.products}
        lines = []
        for place, one in enumerate(body["line_items"]):
            if one["product_id"] not in known:
                raise WooError("woocommerce_rest_invalid_product_id", 400)
            price = float(known[one["product_id"]]["price"])
            lines.append(
                {
                    **one,
                    "id": 9000 + place,
                    "name": known[one["product_id"]]["name"],
                    "total": f"{price * one['quantity']:.2f}",
                    "total_tax": "0.00",
                    "taxes": [],
                    "meta_data": [],
                }
            )
        number = max(one["id"] for one in self.orders) + 1
        made = made_order(number, body["customer_id"], lines, status=body["status"])
        made["date_paid_gmt"] = None
        made["billing"], made["shipping"] = body["billing"], body["shipping"]
        self._put_meta(made, body)
        self.orders.append(made)
        return JSONResponse(made, 201)

    async def _update_order(self, request: Request) -> Response:
        order = self._order(request)
        body = await _body(request, _ORDER_FIELDS)
        if body.get("status", order["status"]) not in _STATUSES:
            raise WooError("rest_invalid_param", 400)
        if wrong := set(body.get("shipping", ())) - _ADDRESS:
            raise WooError(f"rest_invalid_param {wrong}", 400)
        order["status"] = body.get("status", order["status"])
        order["shipping"] = {**order["shipping"], **body.get("shipping", {})}
        self._put_meta(order, body)
        self._touch(order)
        return JSONResponse(order)

    async def _list_refunds(self, request: Request) -> Response:
        query = _query(request, set())
        order = self._order(request)
        return _paged(self.refunds.get(order["id"], [])[::-1], query)

    async def _create_refund(self, request: Request) -> Response:
        order = self._order(request)
        body = await _body(request, _REFUND_FIELDS)
        lines = {one["id"]: one for one in order["line_items"]}
        for one in body["line_items"]:
            if one["quantity"] > lines[one["id"]]["quantity"]:
                raise WooError("woocommerce_rest_invalid_order_refund", 400)
        left = float(order["total"]) + sum(float(r["total"]) for r in order["refunds"])
        amount = float(body["amount"])
        if not 0 < amount <= left or (body["api_refund"] and not self.gateway_works):
            raise WooError("woocommerce_rest_cannot_create_order_refund", 500)
        refunds = self.refunds.setdefault(order["id"], [])
        refund: Record = {
            "id": order["id"] * 10 + len(refunds),
            "date_created_gmt": "2026-11-20T11:00:00",
            "amount": f"{amount:.2f}",
            "reason": body["reason"],
            "refunded_payment": body["api_refund"],
            "meta_data": [],
        }
        self._put_meta(refund, body)
        refunds.append(refund)
        listed = {"id": refund["id"], "reason": "", "total": f"-{amount:.2f}"}
        order["refunds"].append(listed)
        if amount == left:
            order["status"] = "refunded"
        self._touch(order)
        return JSONResponse(refund, 201)

    async def _list_fulfilments(self, request: Request) -> Response:
        if not self.fulfilments_on:
            raise WooError("rest_no_route", 404)
        _query(request, set())
        return JSONResponse(self.fulfilments.get(self._order(request)["id"], []))

    # Customers and products

    async def _list_customers(self, request: Request) -> Response:
        query = _query(request, {"email", "role"})
        if "@" not in query["email"]:
            raise WooError("rest_invalid_param", 400)
        role = query.get("role", "customer")
        found = [
            one
            for one in self.customers
            if one["email"] == query["email"] and role in ("all", one["role"])
        ]
        return _paged(found, query)

    async def _get_customer(self, request: Request) -> Response:
        for one in self.customers:
            if one["id"] == request.path_params["id"]:
                return JSONResponse(one)
        raise WooError("woocommerce_rest_invalid_id", 404)

    async def _list_products(self, request: Request) -> Response:
        filters = {"search", "status", "category", "include", "stock_status"}
        query = _query(request, filters | {"min_price", "max_price"})
        found = [one for one in self.products if _fits(one, query)]
        return _paged(found, query)

    async def _list_categories(self, request: Request) -> Response:
        query = _query(request, {"search"})
        every = {c["id"]: c for one in self.products for c in one["categories"]}
        wanted = query["search"].lower()
        found = [one for one in every.values() if wanted in one["name"].lower()]
        return _paged(found, query)

    async def _get_product(self, request: Request) -> Response:
        for one in self.products:
            if one["id"] == request.path_params["id"]:
                return JSONResponse(one)
        raise WooError("woocommerce_rest_product_invalid_id", 404)

    async def _list_variations(self, request: Request) -> Response:
        query = _query(request, set())
        return _paged(self.variations.get(request.path_params["id"], []), query)

    async def _currency(self, request: Request) -> Response:
        return JSONResponse({"code": "GBP", "name": "Pound sterling"})

    def _order(self, request: Request) -> Record:
        for one in self.orders:
            if one["id"] == request.path_params["id"]:
                return one
        raise WooError("woocommerce_rest_shop_order_invalid_id", 404)

    def _put_meta(self, record: Record, body: Mapping[str, Any]) -> None:
        for given in body.get("meta_data", ()):
            kept = [one for one in record["meta_data"] if one["key"] != given["key"]]
            record["meta_data"] = [*kept, given]

    def _touch(self, order: Record) -> None:
        self._changes += 1
        order["date_modified_gmt"] = f"2026-11-20T12:00:{self._changes:02}"


async def _no_route(request: Request, error: Exception) -> Response:
    return JSONResponse({"code": "rest_no_route", "message": "No route"}, 404)


def _query(request: Request, known: set[str]) -> dict[str, str]:
    query = dict(request.query_params)
    if wrong := set(query) - known - _PAGING:
        raise WooError(f"rest_invalid_param {wrong}", 400)
    return query


async def _body(request: Request, known: set[str]) -> dict[str, Any]:
    if request.headers.get("Content-Type") != "application/json":
        raise WooError("rest_invalid_json", 400)
    body: dict[str, Any] = await request.json()
    if wrong := set(body) - known:
        raise WooError(f"rest_invalid_param {wrong}", 400)
    return body


def _paged(found: list[Record], query: Mapping[str, str]) -> Response:
    page, per_page = int(query.get("page", 1)), int(query.get("per_page", 10))
    if not 1 <= per_page <= 100 or page < 1:
        raise WooError("rest_invalid_param", 400)
    pages = -(-len(found) // per_page)
    headers = {"X-WP-Total": str(len(found)), "X-WP-TotalPages": str(pages)}
    return JSONResponse(found[(page - 1) * per_page : page * per_page], headers=headers)


def _searchable(order: Record) -> str:
    said = [order["number"], *order["billing"].values(), *order["shipping"].values()]
    return " ".join(said).lower()


def _fits(product: Record, query: Mapping[str, str]) -> bool:
    said = f"{product['name']} {product['description']}".lower()
    words = query.get("search", "").lower().split()
    included = [int(one) for one in query.get("include", "").split(",") if one]
    status = query.get("status", "any")
    price = float(product["price"])
    return (
        all(word in said for word in words)
        and (not included or product["id"] in included)
        and (status == "any" or product["status"] == status)
        and query.get("stock_status", product["stock_status"])
        == product["stock_status"]
        and float(query.get("min_price", 0)) <= price
        and price <= float(query.get("max_price", 10**9))
        and (
            "category" not in query
            or int(query["category"]) in {one["id"] for one in product["categories"]}
        )
    )

"""A strict Shopify on loopback: `fake = FakeShopify(); serve(fake.app())`.

It knows the types of `shopify_schema.graphql` and nothing else, checks the token, the
scopes, the version in the path and the cost of every document, pages its lists, and
answers with `userErrors` where Shopify does. Records are dictionaries in the shape of
the types; a list under a connection's name becomes its pages.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from graphql import (
    FieldNode,
    GraphQLError,
    GraphQLResolveInfo,
    OperationDefinitionNode,
    build_schema,
    default_field_resolver,
    execute,
    get_named_type,
    get_operation_ast,
    is_list_type,
    parse,
    validate,
)
from graphql.type import GraphQLNonNull
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.commerce.loopback import LostAnswer
from tests.commerce.shopify_changes import ShopifyChanges
from tests.commerce.shopify_cost import (
    SINGLE_DOCUMENT_MAX,
    Bucket,
    actual_cost,
    cost_of,
)

TOKEN, CLIENT_ID, CLIENT_SECRET = "shpat_test", "client-1", "secret-1"
VERSION = "2026-07"
MAX_PAGE = 250
SCHEMA = build_schema(
    (Path(__file__).parent / "shopify_schema.graphql").read_text("utf-8")
)
_SCOPES = {
    "orders": "read_orders",
    "order": "read_orders",
    "customer": "read_customers",
    "customerByIdentifier": "read_customers",
    "returnableFulfillments": "read_returns",
    "products": "read_products",
    "product": "read_products",
    "draftOrders": "read_draft_orders",
    "metafieldsSet": "write_orders",
    "orderCancel": "write_orders",
    "orderUpdate": "write_orders",
    "returnRequest": "write_returns",
    "returnCreate": "write_returns",
    "draftOrderCreate": "write_draft_orders",
    "customerEmailMarketingConsentUpdate": "write_customers",
}
_TERM = re.compile(
    r"\((?P<any>[^)]*)\)|(?P<name>\w+):(?P<op>[<>]=?)?(?P<value>\"[^\"]*\"|\S+)"
)


class FakeShopify(ShopifyChanges):
    """A shop; tests fill its lists and read `asked`.

    Attributes:
        asked: Names of the root fields that were carried out, in order.
        lose: The mutation whose next answer never arrives.
        status: Answered instead of everything while it is set.
    """

    def __init__(self) -> None:
        super().__init__()
        self.tokens = {TOKEN}
        self.tokens_issued = 0
        self.scopes = set(_SCOPES.values())
        self.bucket = Bucket()
        self.asked: list[str] = []
        self.lose = ""
        self.status = 0
        self.headers: dict[str, str] = {}

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route(
                    "/admin/api/{version}/graphql.json", self._graphql, methods=["POST"]
                ),
                Route("/admin/oauth/access_token", self._token, methods=["POST"]),
            ]
        )

    async def _token(self, request: Request) -> Response:
        form = parse_qs((await request.body()).decode())
        given = {name: values[0] for name, values in form.items()}
        wanted = {
            "grant_type": "client_credentials",
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
        }
        if given != wanted:
            return JSONResponse({"error": "invalid_client"}, 400)
        self.tokens_issued += 1
        token = f"shpat_{self.tokens_issued}"
        self.tokens.add(token)
        return JSONResponse(
            {"access_token": token, "scope": "read_orders", "expires_in": 86399}
        )

    async def _graphql(self, request: Request) -> Response:
        if self.status:
            return JSONResponse({"errors": "fault"}, self.status, self.headers)
        if request.headers.get("X-Shopify-Access-Token") not in self.tokens:
            said = "[API] Invalid API key or access token"
            return JSONResponse({"errors": said}, 401)
        if request.headers.get("Content-Type") != "application/json":
            return JSONResponse({"errors": "Bad Request"}, 400)
        body = await request.json()
        answer = self._answer(body["query"], body.get("variables") or {})
        lost = self.lose and self.lose in self._roots(body["query"])
        if lost:
            self.lose = ""
            return LostAnswer()
        return JSONResponse(answer, headers={"X-Shopify-API-Version": VERSION})

    def _roots(self, text: str) -> list[str]:
        operation = get_operation_ast(parse(text))
        assert isinstance(operation, OperationDefinitionNode)
        selections = operation.selection_set.selections
        return [one.name.value for one in selections if isinstance(one, FieldNode)]

    def _answer(self, text: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        try:
            document = parse(text)
            if errors := validate(SCHEMA, document):
                return {"errors": [one.formatted for one in errors]}
            points = cost_of(SCHEMA, document, variables)
        except (GraphQLError, ValueError) as error:
            return {"errors": [{"message": str(error)}]}
        roots = self._roots(text)
        if points > SINGLE_DOCUMENT_MAX:
            return _error("Query cost is too high", "MAX_COST_EXCEEDED")
        lacking = {_SCOPES[one] for one in roots if one in _SCOPES} - self.scopes
        if lacking:
            return _error(f"Access denied, needs {lacking}", "ACCESS_DENIED")
        if not self.bucket.take(points):
            return _error("Throttled", "THROTTLED") | self._cost(points, None)
        result = execute(
            SCHEMA,
            document,
            self,
            variable_values=dict(variables),
            field_resolver=_resolve,
            type_resolver=lambda value, *_: value["__typename"],
        )
        self.asked += roots
        actual = min(points, actual_cost(result.data))
        self.bucket.give_back(points - actual)
        answer = {"data": result.data, **self._cost(points, actual)}
        if result.errors:
            answer["errors"] = [one.formatted for one in result.errors]
        return answer

    def _cost(self, requested: int, actual: int | None) -> dict[str, Any]:
        cost = {"requestedQueryCost": requested, "actualQueryCost": actual}
        status = {"throttleStatus": self.bucket.status()}
        return {"extensions": {"cost": cost | status}}

    # Queries

    def orders(self, info: Any, **given: Any) -> list[Any]:
        ((name, value),) = _terms(given["query"]).items()
        assert name == "name", f"orders are searched by {name!r}"
        wanted = value.lstrip("#").lower()  # the search also finds longer names
        return [
            one
            for one in self.all_orders
            if one["name"].lstrip("#").lower().startswith(wanted)
        ]

    def order(self, info: Any, id: str) -> Any:
        return self.by_id(self.all_orders, id)

    def customer(self, info: Any, id: str) -> Any:
        return self.by_id(self.customers, id)

    def customerByIdentifier(self, info: Any, identifier: dict[str, str]) -> Any:
        if len(identifier) != 1:
            raise GraphQLError("Exactly one identifier is needed")
        ((name, value),) = identifier.items()
        for one in self.customers:
            email = (one["defaultEmailAddress"] or {}).get("emailAddress", "")
            phone = (one["defaultPhoneNumber"] or {}).get("phoneNumber")
            known = {"id": one["id"], "emailAddress": email, "phoneNumber": phone}
            same = known[name] == value
            if same or (name == "emailAddress" and email.lower() == value.lower()):
                return one
        return None

    def products(self, info: Any, **given: Any) -> list[Any]:
        terms = _terms(given["query"])
        return [one for one in self.all_products if _fits(one, terms)]

    def product(self, info: Any, id: str) -> Any:
        return self.by_id(self.all_products, id)

    def draftOrders(self, info: Any, **given: Any) -> list[Any]:
        terms = _terms(given["query"])
        assert set(terms) == {"tag"}
        return [one for one in self.drafts if terms["tag"] in one["tags"]]

    def job(self, info: Any, id: str) -> Any:
        return self.poll_job(id)


def _resolve(source: Any, info: GraphQLResolveInfo, **given: Any) -> Any:
    value = default_field_resolver(source, info, **given)
    kind = info.return_type
    inner = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
    if is_list_type(inner) and "first" in given:
        return value[: given["first"]]
    if get_named_type(kind).name.endswith("Connection") and isinstance(value, list):
        return _page(value, given)
    return value


def _page(values: list[Any], given: Mapping[str, Any]) -> dict[str, Any]:
    if given["first"] > MAX_PAGE:
        raise GraphQLError(f"first cannot exceed {MAX_PAGE}")
    if given.get("sortKey") == "CREATED_AT":
        values = sorted(values, key=lambda one: one["createdAt"])
        values = values[::-1] if given.get("reverse") else values
    if namespace := given.get("namespace"):
        values = [one for one in values if one["namespace"] == namespace]
    start = int(given["after"].removeprefix("cursor-")) if given.get("after") else 0
    end = start + given["first"]
    return {
        "nodes": values[start:end],
        "pageInfo": {
            "hasNextPage": end < len(values),
            "hasPreviousPage": start > 0,
            "startCursor": f"cursor-{start}",
            "endCursor": f"cursor-{end}",
        },
    }


def _terms(query: str) -> dict[str, str]:
    """Filters of a search by name (with their comparison); words under an empty one."""
    if _TERM.sub("", query).strip():
        raise GraphQLError(f"Cannot read the search {query!r}")
    terms = {}
    for found in _TERM.finditer(query):
        name = f"{found['name'] or ''}{found['op'] or ''}"
        terms[name] = (found["any"] or found["value"] or "").strip('"')
    return terms


def _fits(product: Mapping[str, Any], terms: Mapping[str, str]) -> bool:
    known = {"", "status", "product_type", "price>=", "price<="}
    if wrong := set(terms) - known:
        raise GraphQLError(f"Unknown filters {wrong}")
    prices = [float(one["price"]) for one in product["variants"]]
    said = f"{product['title']} {product['productType']} {product['description']}"
    words = [one for one in terms.get("", "").split(" OR ") if one]
    return (
        terms.get("status", product["status"]).upper() == product["status"]
        and terms.get("product_type", product["productType"]) == product["productType"]
        and max(prices) >= float(terms.get("price>=", 0))
        and min(prices) <= float(terms.get("price<=", 10**9))
        and (not words or any(one in said.lower() for one in words))
    )


def _error(message: str, code: str) -> dict[str, Any]:
    return {"errors": [{"message": message, "extensions": {"code": code}}]}

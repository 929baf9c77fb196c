"""The demo shop as a web application: pages, basket, signing in, and the widget."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from jinja2 import Environment, PackageLoader
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from frontdesk.page import basket as baskets
from frontdesk.page import customers
from frontdesk.page.catalogue import Product, read_catalogue
from frontdesk.settings import Settings, SettingsError

WIDGET = Path("widget/dist")
SHOWN = 8
_HOST = re.compile(r"[\w.-]{1,253}", re.ASCII)
_SESSION_ID = re.compile(r"[\w:.-]{1,200}", re.ASCII)
_BODY_BYTES = 4096
_LOOPBACK = ("127.0.0.1", "localhost")
_YEAR_S = 365 * 24 * 3600


def create_app(settings: Settings) -> Starlette:
    """The shop, with the products of the knowledge folder.

    Raises:
        SettingsError: There is no secret to sign customers' identities with.
    """
    if not settings.identity_secret:
        raise SettingsError(
            "FRONTDESK_IDENTITY_SECRET is empty, so nobody could sign in. Set it to a "
            "long random text, or use `make serve`, which makes one."
        )
    shop = Shop(settings)
    routes = [
        Route("/", shop.home),
        Route("/family/{family_id}", shop.family),
        Route("/shop/{product_id}", shop.product),
        Route("/basket", shop.basket),
        Route("/basket", shop.change_basket, methods=["POST"]),
        Route("/account", shop.account),
        Route("/account", shop.sign_in, methods=["POST"]),
        Route("/identity", shop.identity, methods=["POST"]),
        Route("/privacy", shop.privacy),
        Mount("/static", StaticFiles(packages=[("frontdesk.page", "static")])),
        Mount("/widget", WidgetFiles(directory=WIDGET, check_dir=False)),
    ]
    return Starlette(routes=routes, exception_handlers={404: shop.lost})


class WidgetFiles(StaticFiles):
    """The widget's files: an address with a hash is kept, others are asked for anew."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        named = b"v=" in scope["query_string"]
        response.headers["Cache-Control"] = (
            f"public, max-age={_YEAR_S}, immutable" if named else "no-cache"
        )
        response.headers["X-Content-Type-Options"] = "nosniff"
        # Pages of other shops may include it from here.
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        return response


class Shop:
    """The pages; all state of a visitor is in their cookies."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._products = read_catalogue(settings.kb / "products" / "catalogue.csv")
        families: dict[str, Product] = {}
        for product in self._products.values():
            families.setdefault(product.family, product)
        self._families = list(families.values())
        self._templates = Environment(
            loader=PackageLoader("frontdesk.page"),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    async def home(self, request: Request) -> Response:
        products = self._families[:SHOWN]
        return self._show(request, "home.html", products=products)

    async def family(self, request: Request) -> Response:
        wanted = request.path_params["family_id"]
        found = [p for p in self._products.values() if p.family_id == wanted]
        if not found:
            return await self.lost(request)
        return self._show(request, "family.html", products=found)

    async def product(self, request: Request) -> Response:
        product = self._products.get(request.path_params["product_id"])
        if product is None:
            return await self.lost(request)
        others = [
            other
            for other in self._products.values()
            if other.family == product.family and other is not product
        ]
        return self._show(request, "product.html", product=product, others=others[:3])

    async def basket(self, request: Request) -> Response:
        basket = self._basket_of(request)
        lines = [(self._products[name], count) for name, count in basket.items()]
        total = sum(product.price * count for product, count in lines)
        return self._show(request, "basket.html", lines=lines, total=total)

    async def change_basket(self, request: Request) -> Response:
        form = await _form(request)
        product_id = form.get("product", "")
        basket = self._basket_of(request)
        if product_id in self._products:
            by = -1 if form.get("change") == "less" else 1
            basket = baskets.changed(basket, product_id, by)
        response = RedirectResponse("/basket", status_code=303)
        _set_cookie(response, baskets.COOKIE, baskets.write_basket(basket))
        return response

    async def account(self, request: Request) -> Response:
        people = customers.CUSTOMERS.values()
        return self._show(request, "account.html", people=people)

    async def sign_in(self, request: Request) -> Response:
        """Sign in as the customer of the form, or out where it names none."""
        form = await _form(request)
        customer = customers.CUSTOMERS.get(form.get("customer", ""))
        response = RedirectResponse("/account", status_code=303)
        if customer is None:
            response.delete_cookie(customers.COOKIE)
        else:
            cookie = customers.session_of(customer, self._settings.identity_secret)
            _set_cookie(response, customers.COOKIE, cookie)
        return response

    async def identity(self, request: Request) -> Response:
        """The signed-in customer's token for one conversation; JSON, never cached."""
        customer = self._customer_of(request)
        session_id = _session_id(await _body(request))
        if customer is None:
            return JSONResponse({"error": "Nobody is signed in."}, 401)
        if session_id is None:
            return JSONResponse({"error": "The session id is missing."}, 400)
        token = customers.identity_token(
            customer, session_id, self._settings.identity_secret
        )
        return JSONResponse({"token": token}, headers={"Cache-Control": "no-store"})

    async def privacy(self, request: Request) -> Response:
        return self._show(request, "privacy.html")

    async def lost(self, request: Request, _: Exception | None = None) -> Response:
        return self._show(request, "lost.html", status=404)

    def _show(
        self, request: Request, template: str, status: int = 200, **values: Any
    ) -> Response:
        assistant = self._assistant(request)
        html = self._templates.get_template(template).render(
            families=self._families,
            customer=self._customer_of(request),
            pieces=sum(self._basket_of(request).values()),
            assistant=assistant,
            contact=self._settings.support_contact,
            hours=self._settings.support_hours,
            **values,
        )
        return HTMLResponse(html, status, headers=_headers(assistant))

    def _assistant(self, request: Request) -> str:
        """Where a browser reaches the assistant: on this machine under its own name."""
        rasa = urlsplit(self._settings.rasa_url)
        if rasa.hostname not in _LOOPBACK:
            return f"{rasa.scheme}://{rasa.netloc}"
        host = request.url.hostname or ""
        name = host if _HOST.fullmatch(host) else _LOOPBACK[0]
        return f"http://{name}:{rasa.port or self._settings.rasa_port}"

    def _basket_of(self, request: Request) -> dict[str, int]:
        return baskets.read_basket(
            request.cookies.get(baskets.COOKIE, ""), self._products
        )

    def _customer_of(self, request: Request) -> customers.Customer | None:
        cookie = request.cookies.get(customers.COOKIE, "")
        return customers.customer_of(cookie, self._settings.identity_secret)


def _headers(assistant: str) -> dict[str, str]:
    """A policy under which nothing runs, loads or connects but what the shop needs."""
    socket = assistant.replace("http", "ws", 1)
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        f"connect-src 'self' {assistant} {socket}; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types frontdesk"
    )
    return {
        "Content-Security-Policy": policy,
        "Cache-Control": "no-store",
        "Referrer-Policy": "strict-origin-when-cross-origin",
        "X-Content-Type-Options": "nosniff",
    }


def _set_cookie(response: Response, name: str, value: str) -> None:
    response.set_cookie(name, value, httponly=True, samesite="lax")


async def _body(request: Request) -> bytes:
    """The body as far as it may go; longer ones are cut."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _BODY_BYTES:
            return b""
    return body


async def _form(request: Request) -> dict[str, str]:
    fields = parse_qs((await _body(request)).decode("utf-8", "replace"))
    return {name: values[0] for name, values in fields.items()}


def _session_id(body: bytes) -> str | None:
    """The `session` of a JSON object, if it has the form of one."""
    try:
        value = json.loads(body)
    except ValueError:
        return None
    found = value.get("session") if isinstance(value, dict) else None
    valid = isinstance(found, str) and _SESSION_ID.fullmatch(found)
    return found if valid else None

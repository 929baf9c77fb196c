"""The demo shop's page: a placeholder that says what will live there."""

from __future__ import annotations

import csv
import html
from importlib.resources import files
from pathlib import Path
from string import Template

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from frontdesk.serve import rest_url
from frontdesk.settings import Settings

SHOWN = 6


def create_app(settings: Settings) -> Starlette:
    """The page with some products of the knowledge folder's catalogue."""
    template = Template(files("frontdesk").joinpath("page.html").read_text("utf-8"))
    body = template.substitute(
        products=product_cards(settings.kb / "products" / "catalogue.csv"),
        rest_url=html.escape(rest_url(settings)),
        contact=html.escape(settings.support_contact),
        hours=html.escape(settings.support_hours),
    )

    async def show(request: Request) -> HTMLResponse:
        return HTMLResponse(body)

    return Starlette(routes=[Route("/", show)])


def product_cards(catalogue: Path) -> str:
    """HTML of a few products of different families; empty without a catalogue."""
    if not catalogue.is_file():
        return ""
    families: dict[str, dict[str, str]] = {}
    with catalogue.open(encoding="utf-8", newline="") as file:
        for product in csv.DictReader(file):
            families.setdefault(product["family"], product)
    return "\n".join(_card(product) for product in list(families.values())[:SHOWN])


def _card(product: dict[str, str]) -> str:
    name, family, price, description = (
        html.escape(product[key])
        for key in ("name", "family", "price_gbp", "description")
    )
    return (
        f"<li><p class='family'>{family}</p><h3>{name}</h3>"
        f"<p>{description}</p><p class='price'>£{price}</p></li>"
    )


def main() -> None:
    """Serve the page until stopped."""
    settings = Settings.from_environ()
    uvicorn.run(
        create_app(settings),
        host=settings.host,
        port=settings.page_port,
        log_level="warning",
        access_log=False,
    )


if __name__ == "__main__":
    main()

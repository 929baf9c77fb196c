"""The demo shop's pages, made from the catalogue, with the widget on each of them."""

from frontdesk.page.app import create_app

__all__ = ["create_app"]

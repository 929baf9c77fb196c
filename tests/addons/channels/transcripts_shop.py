"""An action server whose demo shop has a photograph of each product.

`python -m tests.addons.channels.transcripts_shop --actions actions --port N`. The demo
shop itself has none, and `transcripts` is to show what becomes of pictures.
"""

from __future__ import annotations

import sys
from dataclasses import replace

from rasa_sdk.__main__ import main

from frontdesk.commerce.demo import mapping
from frontdesk.commerce.demo.models import ProductRow
from frontdesk.commerce.values import Product

_usual = mapping.product_of


def with_picture(row: ProductRow) -> Product:
    """A product as usual, with the address of a picture."""
    return replace(_usual(row), image=f"{row.url}.jpg")


# Sanic starts its worker by importing this module anew, so this stands here.
mapping.product_of = with_picture

if __name__ == "__main__":
    sys.exit(main())

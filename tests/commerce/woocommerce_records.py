"""Records of a small shop, as WooCommerce would hold them."""

from __future__ import annotations

from typing import Any

Record = dict[str, Any]

ADDRESS: Record = {
    "first_name": "Ada",
    "last_name": "Brook",
    "company": "",
    "address_1": "1 Mill Lane",
    "address_2": "",
    "city": "Leeds",
    "state": "",
    "postcode": "LS1 4AP",
    "country": "GB",
    "phone": "",
}


def made_customer(number: int, name: str, email: str, phone: str) -> Record:
    first, last = name.split()
    return {
        "id": number,
        "email": email,
        "first_name": first,
        "last_name": last,
        "username": email.split("@")[0],
        "role": "customer",
        "billing": {**ADDRESS, "email": email, "phone": phone},
        "shipping": ADDRESS,
    }


def made_product(number: int, name: str, family: str, price: str) -> Record:
    return {
        "id": number,
        "name": name,
        "type": "simple",
        "status": "publish",
        "permalink": f"https://shop.example/product/{number}",
        "description": f"A good one of our {family.lower()}.",
        "short_description": "",
        "price": price,
        "purchasable": True,
        "stock_status": "instock",
        "manage_stock": True,
        "stock_quantity": 4,
        "categories": [{"id": 7, "name": family, "slug": family.lower()}],
        "tags": [{"id": 8, "name": "Final sale", "slug": "final-sale"}],
        "images": [{"id": 9, "src": "https://shop.example/kettle.jpg"}],
        "attributes": [{"name": "Width", "options": ["45 cm"], "variation": False}],
    }


def made_variation(number: int, colour: str, price: str, stock: int) -> Record:
    return {
        "id": number,
        "status": "publish",
        "price": price,
        "purchasable": True,
        "stock_status": "instock" if stock else "outofstock",
        "manage_stock": True,
        "stock_quantity": stock,
        "attributes": [{"name": "Colour", "option": colour}],
    }


def made_line(
    number: int, product: Record, quantity: int, variation: int = 0
) -> Record:
    return {
        "id": number,
        "name": product["name"],
        "product_id": product["id"],
        "variation_id": variation,
        "quantity": quantity,
        "total": f"{float(product['price']) * quantity:.2f}",
        "total_tax": "0.00",
        "taxes": [],
        "meta_data": [
            {"key": "pa_colour", "display_key": "Colour", "display_value": "Sage"},
            {"key": "_reduced_stock", "display_key": "_r", "display_value": "1"},
        ],
    }


def made_order(
    number: int, customer_id: int, lines: list[Record], **given: Any
) -> Record:
    total = sum(float(one["total"]) for one in lines) + 3.95
    return {
        "id": number,
        "number": str(number),
        "status": "processing",
        "currency": "GBP",
        "customer_id": customer_id,
        "date_created_gmt": f"2026-11-{10 + number % 10:02}T09:00:00",
        "date_modified_gmt": "2026-11-19T09:00:00",
        "date_paid_gmt": "2026-11-12T09:01:00",
        "date_completed_gmt": None,
        "total": f"{total:.2f}",
        "shipping_total": "3.95",
        "shipping_tax": "0.00",
        "billing": {**ADDRESS, "email": "ada@mail.example", "phone": "+447700900001"},
        "shipping": ADDRESS,
        "payment_method": "stripe",
        "payment_url": f"https://shop.example/pay/{number}",
        "shipping_lines": [{"id": 5, "method_title": "standard"}],
        "line_items": lines,
        "refunds": [],
        "meta_data": [],
        **given,
    }


def made_fulfilment(number: int, lines: list[Record], sent: bool) -> Record:
    return {
        "id": number,
        "entity_type": "WC_Order",
        "entity_id": "1",
        "status": "fulfilled" if sent else "unfulfilled",
        "is_fulfilled": sent,
        "date_updated": "2026-11-15T08:00:00Z",
        "date_deleted": None,
        "meta_data": [
            {
                "id": 1,
                "key": "_items",
                "value": [
                    {"item_id": one["id"], "qty": one["quantity"]} for one in lines
                ],
            },
            {"id": 2, "key": "_tracking_number", "value": f"T{number}"},
            {"id": 3, "key": "_shipment_provider", "value": "dpd"},
        ],
    }

"""Records of a small shop, as Shopify would hold them."""

from __future__ import annotations

from typing import Any

from tests.commerce.shopify_changes import Record, money

ADDRESS: Record = {
    "name": "Ada Brook",
    "firstName": "Ada",
    "lastName": "Brook",
    "address1": "1 Mill Lane",
    "address2": None,
    "city": "Leeds",
    "zip": "LS1 4AP",
    "provinceCode": None,
    "countryCodeV2": "GB",
    "phone": None,
}


def gid(kind: str, number: int) -> str:
    return f"gid://shopify/{kind}/{number}"


def customer(number: int, name: str, email: str, phone: str) -> Record:
    return {
        "id": gid("Customer", number),
        "displayName": name,
        "defaultEmailAddress": {
            "emailAddress": email,
            "marketingState": "NOT_SUBSCRIBED",
        },
        "defaultPhoneNumber": {"phoneNumber": phone},
        "defaultAddress": ADDRESS,
        "orders": [],
    }


def variant(number: int, title: str, price: str, stock: int) -> Record:
    return {
        "id": gid("ProductVariant", number),
        "title": title,
        "price": price,
        "availableForSale": stock > 0,
        "inventoryQuantity": stock,
        "inventoryItem": {"tracked": True},
        "selectedOptions": [{"name": "Colour", "value": title}],
    }


def product(number: int, title: str, family: str, variants: list[Record]) -> Record:
    return {
        "id": gid("Product", number),
        "title": title,
        "productType": family,
        "description": f"A good one of our {family.lower()}.",
        "tags": [],
        "status": "ACTIVE",
        "onlineStoreUrl": f"https://shop.example/products/{number}",
        "featuredMedia": None,
        "metafields": [
            {"namespace": "custom", "key": "width", "value": "45 cm", "type": "text"},
            {"namespace": "secret", "key": "cost", "value": "3.10", "type": "text"},
        ],
        "variants": variants,
    }


def line(number: int, of: Record, chosen: Record, quantity: int) -> Record:
    return {
        "id": gid("LineItem", number),
        "title": of["title"],
        "quantity": quantity,
        "discountedUnitPriceSet": money(chosen["price"]),
        "image": None,
        "product": of,
        "variant": chosen,
    }


def order(
    number: int, name: str, buyer: Record | None, lines: list[Record], **given: Any
) -> Record:
    total = sum(
        float(one["discountedUnitPriceSet"]["shopMoney"]["amount"]) * one["quantity"]
        for one in lines
    )
    email = buyer["defaultEmailAddress"]["emailAddress"] if buyer else "guest@x.example"
    made: Record = {
        "id": gid("Order", number),
        "name": name,
        "createdAt": f"2026-11-{10 + number % 10:02}T09:00:00Z",
        "updatedAt": "2026-11-19T09:00:00Z",
        "cancelledAt": None,
        "email": email,
        "phone": None,
        "displayFinancialStatus": "PAID",
        "displayFulfillmentStatus": "UNFULFILLED",
        "paymentGatewayNames": ["shopify_payments"],
        "customer": buyer,
        "totalPriceSet": money(f"{total:.2f}"),
        "totalReceivedSet": money(f"{total:.2f}"),
        "totalShippingPriceSet": money("3.95"),
        "shippingAddress": ADDRESS,
        "shippingLine": {"title": "standard"},
        "lineItems": lines,
        "fulfillments": [],
        "refunds": [],
        "returns": [],
        **given,
    }
    made["metafield"] = lambda info, key, namespace=None: made.get(
        "metafields", {}
    ).get((namespace, key))
    if buyer:
        buyer["orders"].append(made)
    return made


def fulfilment(number: int, lines: list[Record], status: str) -> Record:
    delivered = "2026-11-16T15:00:00Z" if status == "DELIVERED" else None
    return {
        "id": gid("Fulfillment", number),
        "displayStatus": status,
        "createdAt": "2026-11-15T08:00:00Z",
        "deliveredAt": delivered,
        "estimatedDeliveryAt": None,
        "trackingInfo": [
            {"company": "DPD", "number": f"T{number}", "url": "https://dpd.example/T"}
        ],
        "fulfillmentLineItems": [
            {
                "id": gid("FulfillmentLineItem", number * 100 + place),
                "quantity": one["quantity"],
                "lineItem": one,
            }
            for place, one in enumerate(lines)
        ],
    }

"""Rich parts as the actions send them."""

ORDER = {
    "type": "order",
    "number": "LO-100107",
    "status": "shipped",
    "status_text": "On its way",
    "placed_at": "2026-11-18T10:00:00+00:00",
    "total": {"amount": "124.00", "currency": "GBP"},
    "items": [
        {"title": "Mira 1.7", "quantity": 1},
        {"title": "Lumo E27 White", "quantity": 4},
    ],
    "timeline": [
        {"label": "Order placed", "at": "2026-11-18T10:00:00+00:00", "state": "done"},
        {"label": "Packed", "at": "2026-11-19T10:00:00+00:00", "state": "done"},
        {"label": "With the carrier", "at": None, "state": "current"},
        {"label": "Delivered", "at": None, "state": "next"},
    ],
    "tracking_url": "https://carrier.example/1",
}

PRODUCTS = {
    "type": "products",
    "products": [
        {
            "id": f"halden-4{n}",
            "title": f"Halden 4{n}",
            "price": {"amount": "349.00", "currency": "GBP"},
            "url": "https://shop.example/halden",
            "facts": ["45 cm wide", "47 dB"],
            "available": n != 2,
            "buttons": [
                {"title": "Tell me more", "payload": f'/ask{{"id": "halden-4{n}"}}'}
            ],
        }
        for n in range(4)
    ],
}

COMPARISON = {
    "type": "comparison",
    "columns": ["Mira 1.5", "Mira 1.7"],
    "rows": [
        ["Price", "£39.00", "£45.00"],
        ["Capacity", "1.5 litres", "1.7 litres"],
        ["Warranty", "2 years", "2 years"],
    ],
    "urls": ["https://shop.example/mira-1-5", "https://shop.example/mira-1-7"],
}

STOCK_ELEMENTS = [
    {
        "title": "One",
        "subtitle": "The first",
        "image_url": "https://cdn.example/1.png",
        "buttons": [
            {"type": "web_url", "title": "Look", "url": "https://shop.example/one"}
        ],
    },
    {
        "title": "Two",
        "buttons": [{"type": "postback", "title": "Buy", "payload": "/b"}],
    },
]

"""Makes one order of a kind: its items, parcels, returns, refunds and invoice."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

from frontdesk.commerce.demo.catalogue import tags_of
from frontdesk.commerce.demo.kinds import Back, Goods, Kind, Parcel
from frontdesk.commerce.demo.models import (
    FulfilmentRow,
    InvoiceRow,
    ItemRow,
    OrderRow,
    ProductRow,
    RefundRow,
    ReturnRow,
    VariantRow,
)
from frontdesk.commerce.demo.people import Person
from frontdesk.commerce.values import Address

_FREE_FROM = Decimal(50)
_STANDARD = Decimal("3.95")
_SERVICES = {
    "express": Decimal("6.95"),
    "two_man": Decimal("39.00"),
    "click_and_collect": Decimal("0.00"),
}
# How much cheaper these goods were sold than the catalogue says.
_OFF = {"clearance": Decimal("0.75"), "refurbished": Decimal("0.70")}
_TAKEN_FROM: dict[Goods, str] = {
    "appliance": "halden-",
    "mattress": "haver-mattress",
    "earbuds": "tone-buds",
    "kettle": "mira-1",
    "sofa": "haver-sofa-3",
    "to_order": "haver-sofa",
    "pre_order": "norvik-9-steam",
}


class OrderMaker:
    """Orders with goods of one catalogue, chosen by one random generator."""

    def __init__(
        self, random: Random, products: list[ProductRow], now: datetime
    ) -> None:
        self.random = random
        self._products = products
        self._now = now

    def order(
        self, number: str, kind: Kind, person: Person, customer_id: str | None
    ) -> OrderRow:
        """A whole order, not yet in a session."""
        row = OrderRow(
            number=number,
            customer_id=customer_id,
            email=person.email,
            phone=person.phone,
            status=kind.status,
            payment=kind.payment,
            payment_method=kind.method,
            placed_at=self._now - kind.placed,
            address=asdict(self._address(person, kind)),
            service=kind.service,
            slot_at=self._later(kind.slot),
            dispatch_at=self._later(kind.dispatch),
            hold_reason=kind.hold,
            gift=kind.gift,
            tier=kind.tier or ("" if customer_id is None else person.tier),
        )
        row.items = self._items(number, kind)
        goods = sum((item.price * item.quantity for item in row.items), Decimal(0))
        row.shipping = _shipping(kind.service, goods)
        row.total = goods + row.shipping
        row.fulfilments = [
            self._fulfilment(row, parcel, position)
            for position, parcel in enumerate(kind.parcels, start=1)
        ]
        if kind.status == "cancelled":
            row.cancelled_at = row.placed_at + timedelta(minutes=25)
        if kind.back:
            self._send_back(row, kind.back)
        if row.fulfilments and all(parcel.shipped_at for parcel in row.fulfilments):
            row.invoice = self._invoice(row)
        return row

    def _items(self, number: str, kind: Kind) -> list[ItemRow]:
        count = 2 if len(kind.parcels) > 1 else self.random.choice((1, 1, 2, 3))
        if kind.goods != "small":
            count = 1
        if kind.back and not kind.back.everything:
            count = max(count, 2)
        items: dict[str, ItemRow] = {}
        while len(items) < count:
            product, variant = self._pick(kind.goods)
            if product.id not in items:
                position = len(items) + 1
                items[product.id] = self._item(number, position, kind, product, variant)
        return list(items.values())

    def _item(
        self,
        number: str,
        position: int,
        kind: Kind,
        product: ProductRow,
        variant: VariantRow,
    ) -> ItemRow:
        own: list[str] = (
            [kind.goods] if kind.goods in ("clearance", "refurbished") else []
        )
        own += ["pre_order"] if kind.goods == "pre_order" else []
        price = (variant.price * _OFF.get(kind.goods, Decimal(1))).quantize(
            Decimal("0.01")
        )
        return ItemRow(
            id=f"{number}-{position}",
            product_id=product.id,
            variant_id=variant.id,
            title=f"{variant.title} (Second Light, grade B)"
            if kind.goods == "refurbished"
            else variant.title,
            quantity=self.random.choice((1, 1, 1, 2)) if kind.goods == "small" else 1,
            price=price,
            options=variant.options,
            family=product.family,
            tags=sorted({*tags_of(product, variant), *own}),
        )

    def _pick(self, goods: Goods) -> tuple[ProductRow, VariantRow]:
        start = _TAKEN_FROM.get(goods, "")
        fitting = [
            (product, variant)
            for product in self._products
            if product.id.startswith(start) and (start or not _special(product))
            for variant in product.variants
            if ("made_to_order" in tags_of(product, variant)) == (goods == "to_order")
        ]
        return self.random.choice(fitting)

    def _fulfilment(
        self, row: OrderRow, parcel: Parcel, position: int
    ) -> FulfilmentRow:
        items = {"all": row.items, "first": row.items[:1], "rest": row.items[1:]}
        shipped = self._ago(parcel.shipped)
        expected = None
        if parcel.delivered is None and parcel.status != "failed":
            expected = self._now + timedelta(
                hours=6 if parcel.status == "out_for_delivery" else 44
            )
        two_man = row.service == "two_man"
        return FulfilmentRow(
            id=f"{row.number}-P{position}",
            status=parcel.status,
            contents=[
                {"item_id": item.id, "quantity": item.quantity}
                for item in items[parcel.part]
            ],
            carrier="Two-man crew" if two_man else "Parcelwise",
            tracking_number=f"PW{self.random.randrange(10**9, 10**10)}"
            if shipped and not two_man
            else "",
            shipped_at=shipped,
            expected_at=expected,
            delivered_at=self._ago(parcel.delivered),
        )

    def _send_back(self, row: OrderRow, back: Back) -> None:
        items = row.items if back.everything else row.items[:1]
        asked = self._now - back.asked
        if row.status != "cancelled":
            row.returns = [self._return(row, back, items, asked)]
        if back.refund:
            amount = sum((item.price * item.quantity for item in items), Decimal(0))
            if back.everything:
                amount = row.total
            done = back.refund == "done"
            row.refunds = [
                RefundRow(
                    id=f"RF-{row.number[3:]}",
                    amount=amount,
                    status=back.refund,
                    method=row.payment_method,
                    created_at=asked + timedelta(hours=20),
                    settled_at=asked + timedelta(days=3) if done else None,
                )
            ]

    def _return(
        self, row: OrderRow, back: Back, items: list[ItemRow], asked: datetime
    ) -> ReturnRow:
        lines = [
            {
                "item_id": item.id,
                "quantity": item.quantity,
                "reason": "changed_mind",
                "variant_id": item.variant_id if back.kind == "exchange" else "",
            }
            for item in items
        ]
        return ReturnRow(
            id=f"RT-{row.number[3:]}-1",
            kind=back.kind,
            status=back.status,
            method="label",
            lines=lines,
            requested_at=asked,
        )

    def _invoice(self, row: OrderRow) -> InvoiceRow:
        issued = max(
            parcel.shipped_at for parcel in row.fulfilments if parcel.shipped_at
        )
        return InvoiceRow(number=f"INV-{row.number[3:]}", issued_at=issued)

    def _address(self, person: Person, kind: Kind) -> Address:
        if not kind.gift:
            return person.address
        return replace(person.address, name="Robin Lane", line1="4 Harbour View")

    def _ago(self, span: timedelta | None) -> datetime | None:
        return None if span is None else self._now - span

    def _later(self, span: timedelta | None) -> datetime | None:
        return None if span is None else self._now + span


def _special(product: ProductRow) -> bool:
    """Whether goods of this kind only occur in orders of their own kind."""
    return bool(set(product.tags) & {"large", "mattress", "earbuds", "hygiene"})


def _shipping(service: str, goods: Decimal) -> Decimal:
    if service == "standard":
        return Decimal("0.00") if goods >= _FREE_FROM else _STANDARD
    if service == "two_man" and goods >= 600:
        return Decimal("0.00")
    return _SERVICES[service]

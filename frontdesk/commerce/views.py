"""What is shown below the level that opens an order, and writes in plain words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from frontdesk.commerce.decisions import Decision, Facts
from frontdesk.commerce.values import (
    Address,
    FulfilmentStatus,
    Order,
    OrderStatus,
    ReturnLine,
)
from frontdesk.commerce.writes import (
    CancelOrder,
    ChangeAddress,
    ClaimWarranty,
    Done,
    NotifyBackInStock,
    Reorder,
    RequestData,
    RequestExchange,
    RequestReturn,
    SetNewsletter,
    Write,
)

_WAYS = {
    "label": "by parcel, with our label",
    "shop": "in one of our shops",
    "collection": "collected at your door",
}


@dataclass(frozen=True)
class ParcelStatus:
    """How far one parcel is; no number, no address."""

    status: FulfilmentStatus
    shipped_at: datetime | None
    expected_at: datetime | None
    delivered_at: datetime | None


@dataclass(frozen=True)
class OrderStatusView:
    """An order for somebody who is identified only; `address` is masked."""

    number: str
    status: OrderStatus
    placed_at: datetime
    service: str
    slot_at: datetime | None
    dispatch_at: datetime | None
    parcels: tuple[ParcelStatus, ...]
    address: str


def status_view(order: Order) -> OrderStatusView:
    """An order with nothing in it that names a person, a thing or a price."""
    return OrderStatusView(
        number=order.number,
        status=order.status,
        placed_at=order.placed_at,
        service=order.service,
        slot_at=order.slot_at,
        dispatch_at=order.dispatch_at,
        parcels=tuple(
            ParcelStatus(f.status, f.shipped_at, f.expected_at, f.delivered_at)
            for f in order.fulfilments
        ),
        address=f"{order.address.city[:1]}•••, {order.address.postcode[:2]}•• •••",
    )


def one_line(address: Address) -> str:
    """An address in one line."""
    parts = (
        address.name,
        address.line2,
        address.line1,
        address.city,
        address.region,
        address.postcode,
        address.country,
    )
    return ", ".join(part for part in parts if part)


def proposal_text(write: Write, facts: Facts, decision: Decision) -> str:
    """The whole change in plain words, with what it costs and what it presumes."""
    match write:
        case CancelOrder():
            sentences = [_cancel(write, facts, decision)]
        case ChangeAddress():
            sentences = [_address(write, facts)]
        case RequestReturn() | RequestExchange():
            sentences = _send_back(write, facts, decision)
        case Reorder():
            sentences = [f"Order again what was in {_number(facts)}: {_goods(facts)}."]
            sentences.append("You get a link to pay; nothing is charged before.")
        case NotifyBackInStock():
            name = facts.variant.title if facts.variant else write.variant_id
            sentences = [f"Write once to {write.email} when {name} is back in stock."]
        case ClaimWarranty():
            name = _titles(facts)[write.item_id]
            sentences = [f"Report a fault of {name} from order {_number(facts)}:"]
            sentences.append(f"“{write.problem}”")
        case SetNewsletter():
            way = "Send the newsletter" if write.subscribed else "Stop the newsletter"
            sentences = [f"{way} to {write.email}."]
        case RequestData():
            sentences = [_data(write)]
    return " ".join(sentences)


def done_text(write: Write, done: Done) -> str:
    """What the back end says it did, in plain words."""
    match write:
        case CancelOrder():
            said = f"Order {write.order_number} is cancelled."
            if done.amount:
                said += f" {done.amount} is on its way back to you."
        case ChangeAddress():
            said = f"Order {write.order_number} now goes to {one_line(write.address)}."
        case RequestReturn():
            said = f"Your return {done.reference} is registered."
        case RequestExchange():
            said = f"Your exchange {done.reference} is registered."
        case Reorder():
            said = "Your new basket is ready."
            if done.amount:
                said += f" It comes to {done.amount} at today's prices, plus delivery."
        case NotifyBackInStock():
            said = f"We write to {write.email} as soon as it is back."
        case ClaimWarranty():
            said = f"Your claim {done.reference} is registered. You hear from us."
        case SetNewsletter():
            said = (
                "You are subscribed." if write.subscribed else "You are unsubscribed."
            )
        case RequestData():
            said = f"Your request {done.reference} is registered."
    parts = (said, done.note, done.url)
    return " ".join(part for part in parts if part)


def _cancel(write: CancelOrder, facts: Facts, decision: Decision) -> str:
    text = f"Cancel the whole order {_number(facts)}: {_goods(facts)}"
    text += f", {facts.order.total} in all." if facts.order else "."
    if decision.refund:
        return f"{text} {decision.refund} is paid back the way you paid."
    return f"{text} Nothing has been taken; a reservation on your card is released."


def _address(write: ChangeAddress, facts: Facts) -> str:
    old = one_line(facts.order.address) if facts.order else ""
    new = one_line(write.address)
    return f"Send order {_number(facts)} to: {new}. Until now it goes to: {old}."


def _send_back(
    write: RequestReturn | RequestExchange, facts: Facts, decision: Decision
) -> list[str]:
    lines = "; ".join(_line(line, facts) for line in write.lines)
    verb = "Exchange" if isinstance(write, RequestExchange) else "Return"
    sentences = [f"{verb} from order {_number(facts)}, {_WAYS[write.method]}: {lines}."]
    if decision.refund:
        sentences.append(f"You get back {decision.refund} for the goods.")
    if decision.cost:
        free = not decision.cost.amount
        way = "is free" if free else f"costs {decision.cost}, taken from what you get"
        if isinstance(write, RequestExchange) and not free:
            way = f"costs {decision.cost}"
        sentences.append(f"Sending it back {way}.")
    if decision.conditions:
        sentences.append(f"You confirm: {'; '.join(decision.conditions)}.")
    return sentences


def _line(line: ReturnLine, facts: Facts) -> str:
    text = f"{line.quantity} × {_titles(facts)[line.item_id]}"
    if line.variant_id:
        text += f" for {_variant_title(line.variant_id, facts)}"
    return f"{text} ({line.reason.replace('_', ' ')})"


def _data(write: RequestData) -> str:
    if write.kind == "export":
        return "Prepare a copy of all data in your account; you get a link by email."
    return (
        "Close your account and delete its data. Points and unused vouchers are lost; "
        "invoices are kept as long as the law demands."
    )


def _number(facts: Facts) -> str:
    return facts.order.number if facts.order else ""


def _goods(facts: Facts) -> str:
    items = facts.order.items if facts.order else ()
    return "; ".join(f"{item.quantity} × {item.title}" for item in items)


def _titles(facts: Facts) -> dict[str, str]:
    items = facts.order.items if facts.order else ()
    return {item.id: item.title for item in items}


def _variant_title(variant_id: str, facts: Facts) -> str:
    for product in facts.products.values():
        for variant in product.variants:
            if variant.id == variant_id:
                return variant.title
    return variant_id

"""The messages of one turn as parts that every vendor has some form for."""

from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional, Tuple, Union

from addons.channels.splitting import shorten

SOURCES = "Sources:"
_MAX_SOURCES = 3
_SIGNS = {"GBP": "£", "EUR": "€", "USD": "$"}
_WEB = ("https://", "http://")


@dataclass(frozen=True)
class Button:
    """A button; with `url` it opens a page instead of saying its payload."""

    title: str
    payload: str = ""
    url: str = ""


@dataclass(frozen=True)
class Text:
    """What is said; sources are already listed at its end."""

    text: str
    buttons: List[Button] = field(default_factory=list)


@dataclass(frozen=True)
class Media:
    """A file for the customer: kind is image, audio, video or file."""

    kind: str
    url: str
    name: str = ""
    caption: str = ""


@dataclass(frozen=True)
class Card:
    """A product or the like."""

    title: str
    lines: Tuple[str, ...] = ()
    url: str = ""
    image: str = ""
    buttons: Tuple[Button, ...] = ()


@dataclass(frozen=True)
class Cards:
    """Cards that belong side by side."""

    cards: List[Card]


@dataclass(frozen=True)
class Location:
    """A place on the map."""

    latitude: float
    longitude: float
    name: str = ""
    address: str = ""


Part = Union[Text, Media, Cards, Location]


def parts(messages: List[Dict[str, Any]], most_cards: int = 0) -> List[Part]:
    """What the messages of a turn (see `Reply` in base.py) show, in order.

    Args:
        messages: What the turn said.
        most_cards: How many cards the channel shows side by side. What they say is
            left out of the text before them.
    """
    found: List[Part] = []
    for message in messages:
        text = _unlisted(message, most_cards)
        text = _with_sources(text, message.get("citations"))
        buttons = _buttons(message.get("buttons"))
        if text or buttons:
            found.append(Text(text or "…", buttons))
        found += _media(message)
        for more in (_elements(message), _custom(message.get("custom"))):
            if more is not None:
                found.append(more)
    return found


def numbered(text: str, buttons: List[Button]) -> str:
    """The text with its buttons as a list; the customer answers with a number.

    A typed number or title is understood as the button (`chosen` in messaging.py).
    """
    lines = [
        f"{number}. {button.title}" + (f": {button.url}" if button.url else "")
        for number, button in enumerate(buttons, 1)
    ]
    return "\n".join([text, *lines])


def is_web(url: object) -> bool:
    """Whether a vendor can fetch it or a customer open it."""
    return isinstance(url, str) and url.startswith(_WEB)


def _unlisted(message: Dict[str, Any], most_cards: int) -> str:
    """The text without its lines about the products that become cards."""
    text, custom = str(message.get("text") or ""), message.get("custom")
    if not isinstance(custom, dict) or custom.get("type") != "products":
        return text
    products = (custom.get("products") or [])[:most_cards]
    starts = tuple(f"- {product['title']}: " for product in products)
    kept = (line for line in text.split("\n") if not line.startswith(starts))
    return "\n".join(kept) if starts else text


def _with_sources(text: str, citations: Any) -> str:
    lines: List[str] = []
    for citation in citations if isinstance(citations, list) else []:
        title = shorten(str(citation.get("title") or ""), 80)
        url = citation.get("url")
        colon = " " if title.endswith(("?", "!")) else ": "
        line = colon.join(filter(None, (title, url if is_web(url) else "")))
        if line and f"- {line}" not in lines and len(lines) < _MAX_SOURCES:
            lines.append(f"- {line}")
    return "\n".join([f"{text}\n\n{SOURCES}", *lines]) if lines else text


def _buttons(values: Any) -> List[Button]:
    found = []
    for value in values if isinstance(values, list) else []:
        title = str(value.get("title") or "").strip()
        url = str(value.get("url") or "")
        if title:
            payload = str(value.get("payload") or title)
            found.append(Button(title, "" if url else payload, url))
    return found


def _media(message: Dict[str, Any]) -> List[Part]:
    found: List[Part] = []
    if is_web(message.get("image")):
        found.append(Media("image", message["image"]))
    attachment = message.get("attachment")
    if is_web(attachment):
        found.append(Media("file", attachment))
    elif isinstance(attachment, dict) and isinstance(attachment.get("payload"), dict):
        payload = attachment["payload"]
        url = payload.get("src") or payload.get("url")
        if is_web(url):
            kind = str(attachment.get("type") or "file")
            kind = kind if kind in ("image", "audio", "video") else "file"
            name = str(payload.get("name") or payload.get("title") or "")
            found.append(Media(kind, url, name))
    return found


def _elements(message: Dict[str, Any]) -> Optional[Cards]:
    values = message.get("elements")
    cards = []
    for value in values if isinstance(values, list) else []:
        image = value.get("image_url")
        action = value.get("default_action")
        url = action.get("url") if isinstance(action, dict) else value.get("url")
        cards.append(
            Card(
                title=str(value.get("title") or ""),
                lines=tuple(filter(None, [str(value.get("subtitle") or "")])),
                url=url if is_web(url) else "",
                image=image if is_web(image) else "",
                buttons=tuple(_buttons(value.get("buttons"))),
            )
        )
    return Cards(cards) if cards else None


def _custom(value: Any) -> Union[Cards, Location, None]:
    """Products become cards, a location a location; the text says all the rest."""
    if not isinstance(value, dict):
        return None
    if value.get("type") == "location":
        return Location(
            float(value["latitude"]),
            float(value["longitude"]),
            str(value.get("name") or ""),
            str(value.get("address") or ""),
        )
    if value.get("type") == "products" and value.get("products"):
        return Cards([_product(product) for product in value["products"]])
    return None


def _product(value: Dict[str, Any]) -> Card:
    price = value.get("price") or {}
    amount, currency = str(price.get("amount", "")), str(price.get("currency", ""))
    sign = _SIGNS.get(currency)
    amount = f"{sign}{amount}" if sign and amount else f"{amount} {currency}".strip()
    gone = ["Not available"] if value.get("available") is False else []
    lines = [amount, *gone, *map(str, value.get("facts") or [])]
    return Card(
        title=str(value.get("title") or ""),
        lines=tuple(filter(None, lines)),
        url=value["url"] if is_web(value.get("url")) else "",
        image=value["image"] if is_web(value.get("image")) else "",
        buttons=tuple(_buttons(value.get("buttons"))),
    )

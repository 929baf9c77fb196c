"""WhatsApp, by Meta's Cloud API.

| WhatsApp | |
| --- | --- |
| it sends | JSON, up to 1,000 changes a call: `messages` (text, pressed buttons, |
| | files, places) and `statuses` |
| event id | `messages[].id` ("wamid...."); redelivered for up to 7 days |
| verified by | `X-Hub-Signature-256`: HMAC-SHA256 of the raw body with the app |
| | secret; the URL by `GET` with `hub.verify_token`, answered with `hub.challenge` |
| old calls | carry no signed time; a replay is known by its event id |
| limits | text 4,096; with buttons 1,024; 3 buttons of 20 characters, or a list of 10 |
| | rows of 24 (ids 200); caption 1,024; files by https:// URL |
| 24 hours | after the customer's last message only an approved template can be sent |
| exactly once | `biz_opaque_callback_data` comes back in `statuses`: whether a call |
| | of unknown outcome arrived |
| source | developers.facebook.com/documentation/business-messaging/whatsapp: |
| | webhooks/reference/messages, messages/, typing-indicators, support/error-codes |
"""

import time
from typing import Any, Dict, List, Optional

from sanic import Blueprint
from sanic.request import Request
from sanic.response import HTTPResponse

from addons.channels.messages import (
    Attachment,
    Busy,
    Inbound,
    Option,
    Outgoing,
    Refused,
    Unreachable,
)
from addons.channels.messaging import MessagingInput
from addons.channels.parts import (
    Button,
    Card,
    Cards,
    Location,
    Media,
    Part,
    Text,
    numbered,
)
from addons.channels.splitting import shorten, split
from addons.channels.vendor import Answer, VendorApi, check, hmac_sha256, is_same
from addons.channels.webhook import (
    Malformed,
    NotVerified,
    Receipt,
    Received,
    objects_at,
    parse_object,
    text_at,
)

MAX_TEXT = 4096
MAX_BODY_TEXT = 1024
MAX_CAPTION = 1024
MAX_BUTTONS = 3
MAX_BUTTON_TITLE = 20
MAX_ROWS = 10
MAX_ROW_TITLE = 24
MAX_ID = 200
MAX_CARDS = 4  # each is a message of its own
WINDOW_S = 24 * 3600.0

_TOO_FAST = (4, 80007, 130429, 131048, 131056)
_FAULTS_OF_THEIRS = (1, 2, 131000, 131016)
_OUTSIDE_WINDOW = 131047
_FILES = ("image", "audio", "video", "document", "sticker")


class WhatsAppInput(MessagingInput):
    """The WhatsApp channel of one business phone number."""

    options = (
        Option("access_token", "a system user's token that may send messages"),
        Option("app_secret", "the secret of the Meta app, which signs webhooks"),
        Option("phone_number_id", "the id of the number that customers write to"),
        Option("verify_token", "a text of your choice, entered at Meta with the URL"),
        Option(
            "template",
            "an approved template with one variable, for answers after 24 hours",
            "",
        ),
        Option("template_language", "the template's language", "en"),
        Option("api_url", "the Graph API", "https://graph.facebook.com/v26.0"),
    )
    max_body = 3 * 1024 * 1024
    most_cards = MAX_CARDS
    receipt_s = 5.0

    @classmethod
    def name(cls) -> str:
        return "whatsapp"

    def __init__(self, option: Dict[str, str], **keywords: Any) -> None:
        """The channel of `option["phone_number_id"]`."""
        super().__init__(option, **keywords)
        self._api = VendorApi(
            option["api_url"], {"Authorization": f"Bearer {option['access_token']}"}
        )
        self._path = f"/{option['phone_number_id']}/messages"

    def add_routes(self, webhook: Blueprint) -> None:
        @webhook.route("/webhook", methods=["GET"])
        async def subscribe(request: Request) -> HTTPResponse:
            given = request.args.get("hub.verify_token", "")
            if is_same(given, self.option["verify_token"]):
                return HTTPResponse(request.args.get("hub.challenge", ""), 200)
            return HTTPResponse("", NotVerified.status)

    def verify(self, request: Request, body: bytes) -> None:
        given = request.headers.get("x-hub-signature-256", "")
        if not is_same(given, f"sha256={hmac_sha256(self.option['app_secret'], body)}"):
            raise NotVerified("X-Hub-Signature-256 is not that of the app secret.")

    def read(self, request: Request, body: bytes) -> Received:
        content = parse_object(body)
        if content.get("object") != "whatsapp_business_account":
            raise Malformed("'object' is not 'whatsapp_business_account'.")
        events, receipts = [], []
        for entry in objects_at(content, "entry"):
            for change in objects_at(entry, "changes"):
                if not self._is_ours(change):
                    continue
                for message in objects_at(change, "value", "messages"):
                    event = _event(message)
                    if event is not None:
                        events.append(event)
                for status in objects_at(change, "value", "statuses"):
                    receipts += _receipts(status)
        return Received(events, receipts)

    def _is_ours(self, change: Dict[str, Any]) -> bool:
        number = text_at(change, "value", "metadata", "phone_number_id")
        return change.get("field") == "messages" and (
            number == self.option["phone_number_id"]
        )

    def render(self, part: Part) -> List[Dict[str, Any]]:
        if isinstance(part, Text):
            return _text(part)
        if isinstance(part, Media):
            return [_media(part)]
        if isinstance(part, Location):
            place = {
                "latitude": part.latitude,
                "longitude": part.longitude,
                "name": part.name or "Location",
                "address": part.address,
            }
            return [{"type": "location", "location": place}]
        assert isinstance(part, Cards)
        return [call for card in part.cards[:MAX_CARDS] for call in _card(card)]

    async def send(self, call: Outgoing) -> str:
        content = call.call
        if call.heard_at + WINDOW_S <= time.time():
            content = self._as_template(content)
        answer = await self._post(
            {
                "messaging_product": "whatsapp",
                "recipient_type": "individual",
                "to": call.recipient,
                "biz_opaque_callback_data": call.key,
                **content,
            }
        )
        return text_at(answer.body, "messages", 0, "id")

    async def show_typing(self, inbound: Inbound) -> None:
        await self._post(
            {
                "messaging_product": "whatsapp",
                "status": "read",
                "message_id": inbound.event_id,
                "typing_indicator": {"type": "text"},
            }
        )

    async def probe(self) -> List[str]:
        path = f"/{self.option['phone_number_id']}?fields=display_phone_number"
        answer = await self._api.get(path)
        if answer.status in (400, 401, 403, 404):
            reason = text_at(answer.body, "error", "message")
            return [
                f"Meta refuses {self.variable('access_token')} for the number in "
                f"{self.variable('phone_number_id')}: {reason}"
            ]
        check(answer)
        return []

    async def closed(self) -> None:
        await self._api.close()

    def _as_template(self, content: Dict[str, Any]) -> Dict[str, Any]:
        """The template with the text as its variable.

        Raises:
            Refused: There is no template, or no text to put into it.
        """
        said = text_at(content, "text", "body") or text_at(
            content, "interactive", "body", "text"
        )
        if not self.option["template"] or not said:
            raise Refused(
                "The customer was last heard more than 24 hours ago and "
                f"{self.variable('template')} names no template for this message."
            )
        # A variable may hold no line breaks.
        variable = {"type": "text", "text": shorten(said, MAX_BODY_TEXT)}
        return {
            "type": "template",
            "template": {
                "name": self.option["template"],
                "language": {"code": self.option["template_language"]},
                "components": [{"type": "body", "parameters": [variable]}],
            },
        }

    async def _post(self, content: Dict[str, Any]) -> Answer:
        """Meta's answer of success.

        Raises:
            SendError: It is another one.
        """
        answer = await self._api.post(self._path, json=content)
        code = text_at(answer.body, "error", "code")
        reason = text_at(answer.body, "error", "message")
        if answer.status >= 400 and code.isdecimal():
            if int(code) in _TOO_FAST:
                raise Busy(f"Meta asks to slow down: {reason}")
            if int(code) in _FAULTS_OF_THEIRS:
                raise Unreachable(f"Meta failed: {reason}", True)
            if int(code) == _OUTSIDE_WINDOW:
                raise Refused(f"More than 24 hours have passed: {reason}")
        check(answer, reason)
        return answer


def _event(message: Dict[str, Any]) -> Optional[Inbound]:
    """What a message says; None where it says nothing to us (a reaction, a notice)."""
    kind = text_at(message, "type")
    text, payload, attachments = "", "", []
    if kind == "text":
        text = text_at(message, "text", "body")
    elif kind == "button":  # of a template
        text = text_at(message, "button", "text")
        payload = text_at(message, "button", "payload")
    elif kind == "interactive":
        reply = text_at(message, "interactive", "type")
        text = text_at(message, "interactive", reply, "title")
        payload = text_at(message, "interactive", reply, "id")
    elif kind in _FILES:
        text = text_at(message, kind, "caption")
        attachments = [_attachment(kind, message)]
    elif kind == "location":
        text = _place(message["location"]) if "location" in message else ""
    elif kind in ("reaction", "system", "unsupported"):
        return None
    return Inbound(
        event_id=text_at(message, "id"),
        sender=text_at(message, "from"),
        text=text,
        payload=payload,
        attachments=attachments,
        sent_at=float(text_at(message, "timestamp") or 0),
        reply_to={},
        metadata={},
    )


def _attachment(kind: str, message: Dict[str, Any]) -> Attachment:
    kinds = {"document": "file", "sticker": "image"}
    return Attachment(
        kind=kinds.get(kind, kind),
        id=text_at(message, kind, "id"),
        name=text_at(message, kind, "filename"),
        mime=text_at(message, kind, "mime_type"),
    )


def _place(location: Any) -> str:
    coordinates = f"{location.get('latitude')}, {location.get('longitude')}"
    named = ", ".join(
        filter(None, (text_at(location, "name"), text_at(location, "address")))
    )
    return f"My location is {coordinates}" + (f" ({named})" if named else "")


def _receipts(status: Dict[str, Any]) -> List[Receipt]:
    key = text_at(status, "biz_opaque_callback_data")
    state = text_at(status, "status")
    if not key or state not in ("sent", "delivered", "read", "failed"):
        return []
    if state != "failed":
        return [Receipt(key, text_at(status, "id"))]
    error = text_at(status, "errors", 0, "title") or "no reason given"
    return [Receipt(key, text_at(status, "id"), error)]


def _text(part: Text) -> List[Dict[str, Any]]:
    # Meta takes no id twice.
    buttons = list({one.payload: one for one in part.buttons if one.payload}.values())
    links = [button for button in part.buttons if button.url]
    text = "\n".join([part.text, *(f"{link.title}: {link.url}" for link in links)])
    if len(buttons) > MAX_ROWS or any(len(_id(one)) > MAX_ID for one in buttons):
        text, buttons = numbered(text, buttons), []
    pieces = split(text, MAX_TEXT)
    if not buttons:
        return [_plain(piece) for piece in pieces]
    *before, last = split(text, MAX_BODY_TEXT) if len(pieces) == 1 else pieces
    if len(last) > MAX_BODY_TEXT:
        *more, last = split(last, MAX_BODY_TEXT)
        before += more
    return [*map(_plain, before), _with_buttons(last, buttons)]


def _plain(text: str) -> Dict[str, Any]:
    return {"type": "text", "text": {"body": text, "preview_url": False}}


def _id(button: Button) -> str:
    return button.payload


def _with_buttons(text: str, buttons: List[Button]) -> Dict[str, Any]:
    titles = {button.title for button in buttons}
    short = all(len(title) <= MAX_BUTTON_TITLE for title in titles)
    if len(buttons) <= MAX_BUTTONS and short and len(titles) == len(buttons):
        replies = [
            {"type": "reply", "reply": {"id": _id(one), "title": one.title}}
            for one in buttons
        ]
        interactive: Dict[str, Any] = {"type": "button", "action": {"buttons": replies}}
    else:
        rows = [_row(one) for one in buttons]
        action = {"button": "Choose", "sections": [{"title": "Choose", "rows": rows}]}
        interactive = {"type": "list", "action": action}
    return {
        "type": "interactive",
        "interactive": {**interactive, "body": {"text": text}},
    }


def _row(button: Button) -> Dict[str, str]:
    row = {"id": _id(button), "title": shorten(button.title, MAX_ROW_TITLE)}
    if len(button.title) > MAX_ROW_TITLE:
        row["description"] = shorten(button.title, 72)
    return row


def _media(part: Media) -> Dict[str, Any]:
    kind = "document" if part.kind == "file" else part.kind
    content: Dict[str, Any] = {"link": part.url}
    if part.caption and kind != "audio":
        content["caption"] = shorten(part.caption, MAX_CAPTION)
    if kind == "document" and part.name:
        content["filename"] = part.name
    return {"type": kind, kind: content}


def _card(card: Card) -> List[Dict[str, Any]]:
    """One message with the picture on top, the facts and the buttons."""
    text = "\n".join(filter(None, (f"*{card.title}*", *card.lines, card.url)))
    buttons = [button for button in card.buttons if button.payload][:MAX_BUTTONS]
    if not buttons:
        if card.image:
            return [_media(Media("image", card.image, caption=text))]
        return [_plain(piece) for piece in split(text, MAX_TEXT)]
    shortened: Dict[str, Button] = {}  # Meta takes no title twice
    for button in buttons:
        title = shorten(button.title, MAX_BUTTON_TITLE)
        shortened.setdefault(title, Button(title, button.payload))
    call = _with_buttons(split(text, MAX_BODY_TEXT)[0], list(shortened.values()))
    if card.image:
        header = {"type": "image", "image": {"link": card.image}}
        call["interactive"]["header"] = header
    return [call]

"""Messenger and Instagram, by Meta's Messenger Platform; one connector for both.

| Messenger, Instagram | |
| --- | --- |
| it sends | JSON, `object` "page" or "instagram", batches of `entry[].messaging[]`: |
| | `message` (text, quick reply, files; also echoes of our own), `postback`, notices |
| event id | `message.mid`, `postback.mid`; redelivered until answered with 200 |
| verified by | `X-Hub-Signature-256`: HMAC-SHA256 of the raw body with the app |
| | secret (the SHA-1 header is ignored); the URL by `GET` with `hub.verify_token` |
| old calls | carry no signed time; a replay is known by its event id |
| limits | text 2,000 characters (Instagram 1,000 bytes: kept for both); 13 quick |
| | replies of 20 characters; payload 1,000; 10 cards of 80 + 80 characters and |
| | 3 buttons; files by URL; places and (Instagram) other files as text |
| 24 hours | after the customer's last message nothing can be sent |
| exactly once | Messenger echoes a message with its `metadata`: whether a call of |
| | unknown outcome arrived (subscribe `message_echoes`) |
| source | developers.facebook.com/documentation/business-messaging/ |
| | messenger-platform: webhooks, send-messages (template/generic), error-codes; |
| | developers.facebook.com/docs/messenger-platform/instagram/features: |
| | quick-replies, generic-template |
"""

import time
from typing import Any, Dict, List, Optional, Sequence

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
from addons.channels.utterances import token
from addons.channels.vendor import Answer, VendorApi, check, hmac_sha256, is_same
from addons.channels.webhook import (
    Malformed,
    NotVerified,
    Receipt,
    Received,
    at,
    objects_at,
    parse_object,
    text_at,
)

MAX_TEXT = 1000  # bytes
MAX_QUICK_REPLIES = 13
MAX_TITLE = 20
MAX_PAYLOAD = 1000
MAX_CARDS = 10
MAX_CARD_LINE = 80
SEPARATOR = " · "
MAX_CARD_BUTTONS = 3
WINDOW_S = 24 * 3600.0

PLATFORMS = {"page": "messenger", "instagram": "instagram"}

_TOO_FAST = (4, 17, 32, 613, 80006)
_FAULTS_OF_THEIRS = (1, 2, 1200)
_OUTSIDE_WINDOW = (2018278, 2534022)
_FILES = ("image", "audio", "video", "file")


class MetaInput(MessagingInput):
    """The channel of one Page and the Instagram account that is linked to it."""

    options = (
        Option("page_token", "the Page's access token with the messaging permissions"),
        Option("app_secret", "the secret of the Meta app, which signs webhooks"),
        Option("verify_token", "a text of your choice, entered at Meta with the URL"),
        Option("api_url", "the Graph API", "https://graph.facebook.com/v25.0"),
    )
    most_cards = MAX_CARDS
    receipt_s = 5.0

    @classmethod
    def name(cls) -> str:
        return "meta"

    def __init__(self, option: Dict[str, str], **keywords: Any) -> None:
        """The channel of the Page that `option["page_token"]` belongs to."""
        super().__init__(option, **keywords)
        page_token = option["page_token"]
        self._api = VendorApi(
            option["api_url"], {"Authorization": f"Bearer {page_token}"}
        )
        proof = hmac_sha256(option["app_secret"], page_token.encode())
        self._proof = {"appsecret_proof": proof}

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
        platform = PLATFORMS.get(text_at(content, "object"))
        if platform is None:
            raise Malformed("'object' is neither 'page' nor 'instagram'.")
        events, receipts = [], []
        for entry in objects_at(content, "entry"):
            for one in objects_at(entry, "messaging"):
                message = at(one, "message")
                if at(message, "is_echo"):
                    receipts += _receipts(message)
                    continue
                event = _event(platform, one)
                if event is not None:
                    events.append(event)
        return Received(events, receipts)

    def render(self, part: Part) -> List[Dict[str, Any]]:
        if isinstance(part, Text):
            return _text(part)
        if isinstance(part, Media):
            return _media(part)
        if isinstance(part, Location):
            return _plain(_place(part))
        assert isinstance(part, Cards)
        elements = [_element(card) for card in part.cards[:MAX_CARDS]]
        shown = [element for element in elements if len(element) > 1]
        return [_template(shown)] if shown else []

    async def send(self, call: Outgoing) -> str:
        if call.heard_at + WINDOW_S <= time.time():
            raise Refused("The customer was last heard more than 24 hours ago.")
        platform, _, person = call.recipient.partition(".")
        message = call.call
        if platform == "messenger":
            message = {**message, "metadata": call.key}
        answer = await self._post(
            {
                "recipient": {"id": person},
                "messaging_type": "RESPONSE",
                "message": message,
            }
        )
        return text_at(answer.body, "message_id")

    async def show_typing(self, inbound: Inbound) -> None:
        person = inbound.sender.partition(".")[2]
        for action in ("mark_seen", "typing_on"):
            await self._post({"recipient": {"id": person}, "sender_action": action})

    async def probe(self) -> List[str]:
        answer = await self._api.get("/me", params={"fields": "id", **self._proof})
        if answer.status in (400, 401, 403):
            reason = text_at(answer.body, "error", "message")
            return [
                f"Meta refuses {self.variable('page_token')} with "
                f"{self.variable('app_secret')}: {reason}"
            ]
        check(answer)
        return []

    async def closed(self) -> None:
        await self._api.close()

    async def _post(self, content: Dict[str, Any]) -> Answer:
        """Meta's answer of success.

        Raises:
            SendError: It is another one.
        """
        answer = await self._api.post("/me/messages", json=content, params=self._proof)
        code = text_at(answer.body, "error", "code")
        subcode = text_at(answer.body, "error", "error_subcode")
        reason = text_at(answer.body, "error", "message")
        if answer.status >= 400 and answer.status != 429 and code.isdecimal():
            if int(code) in _TOO_FAST:
                raise Busy(f"Meta asks to slow down: {reason}")
            if int(code) in _FAULTS_OF_THEIRS:
                raise Unreachable(f"Meta failed: {reason}", True)
            if subcode.isdecimal() and int(subcode) in _OUTSIDE_WINDOW:
                raise Refused(f"More than 24 hours have passed: {reason}")
        check(answer, reason)
        return answer


def _event(platform: str, one: Dict[str, Any]) -> Optional[Inbound]:
    """What the customer did; None where it says nothing to us (a notice, our own)."""
    message, postback = at(one, "message"), at(one, "postback")
    person, page = text_at(one, "sender", "id"), text_at(one, "recipient", "id")
    time_ms = text_at(one, "timestamp")
    if not person or person == page or at(message, "is_deleted"):
        return None
    if isinstance(message, dict):
        files = objects_at(message, "attachments")
        attachments = [_attachment(file) for file in files]
        if at(message, "is_unsupported"):
            attachments.append(Attachment("file"))
        text = text_at(message, "text")
        payload = text_at(message, "quick_reply", "payload")
        event_id = text_at(message, "mid")
    elif isinstance(postback, dict):
        attachments, text = [], text_at(postback, "title")
        payload = text_at(postback, "payload")
        event_id = text_at(postback, "mid") or f"{person}.{time_ms}"
    else:
        return None
    return Inbound(
        event_id=f"{platform}.{event_id}" if event_id else "",
        sender=f"{platform}.{person}",
        text=text,
        payload=payload,
        attachments=attachments,
        sent_at=int(time_ms) / 1000 if time_ms.isdecimal() else 0.0,
    )


def _attachment(file: Dict[str, Any]) -> Attachment:
    kind = text_at(file, "type")
    return Attachment(
        kind=kind if kind in _FILES else "file",
        url=text_at(file, "payload", "url"),
        name=text_at(file, "payload", "title") or text_at(file, "title"),
    )


def _receipts(echo: Any) -> List[Receipt]:
    key = text_at(echo, "metadata")
    return [Receipt(key, text_at(echo, "mid"))] if key else []


def _text(part: Text) -> List[Dict[str, Any]]:
    buttons = [button for button in part.buttons if button.payload]
    links = [button for button in part.buttons if button.url]
    text = "\n".join([part.text, *(f"{link.title}: {link.url}" for link in links)])
    titles = [shorten(button.title, MAX_TITLE) for button in buttons]
    if len(buttons) > MAX_QUICK_REPLIES or len(set(titles)) < len(titles):
        return _plain(numbered(text, buttons))
    calls = _plain(text)
    if buttons:
        calls[-1]["quick_replies"] = [
            {"content_type": "text", "title": title, "payload": _payload(button)}
            for title, button in zip(titles, buttons, strict=True)
        ]
    return calls


def _plain(text: str) -> List[Dict[str, Any]]:
    return [{"text": piece} for piece in split(text, MAX_TEXT, _bytes)]


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "replace"))


def _payload(button: Button) -> str:
    payload = button.payload
    return payload if _bytes(payload) <= MAX_PAYLOAD else token(payload)


def _media(part: Media) -> List[Dict[str, Any]]:
    caption = _plain(part.caption) if part.caption else []
    if part.kind == "file":  # Instagram takes none: a link serves both
        return caption + _plain(f"{part.name or 'File'}: {part.url}")
    attachment = {"type": part.kind, "payload": {"url": part.url}}
    return [{"attachment": attachment}, *caption]


def _place(part: Location) -> str:
    named = ", ".join(filter(None, (part.name, part.address)))
    point = f"{part.latitude},{part.longitude}"
    return f"{named}\nhttps://www.google.com/maps/search/?api=1&query={point}".strip()


def _template(elements: List[Dict[str, Any]]) -> Dict[str, Any]:
    payload = {"template_type": "generic", "elements": elements}
    return {"attachment": {"type": "template", "payload": payload}}


def _element(card: Card) -> Dict[str, Any]:
    element: Dict[str, Any] = {"title": shorten(card.title, MAX_CARD_LINE)}
    if card.lines:
        element["subtitle"] = _subtitle(card.lines)
    if card.image:
        element["image_url"] = card.image
    if card.url:
        element["default_action"] = {"type": "web_url", "url": card.url}
    buttons = [_card_button(button) for button in card.buttons[:MAX_CARD_BUTTONS]]
    if buttons:
        element["buttons"] = buttons
    return element


def _subtitle(lines: Sequence[str]) -> str:
    """As many whole facts as fit, and at least the start of the first."""
    said = shorten(lines[0], MAX_CARD_LINE)
    for line in lines[1:]:
        if len(said) + len(SEPARATOR) + len(line) <= MAX_CARD_LINE:
            said += SEPARATOR + line
    return said


def _card_button(button: Button) -> Dict[str, str]:
    title = shorten(button.title, MAX_TITLE)
    if button.url:
        return {"type": "web_url", "title": title, "url": button.url}
    return {"type": "postback", "title": title, "payload": _payload(button)}

"""A webhook for everything else: any system that can sign what it sends.

| Webhook | |
| --- | --- |
| it sends | JSON: `{"id", "sender", "text"}` and, if it likes, `payload` (a pressed |
| | button), `attachments`, `sent_at`, `reply_to` (any object, given back) |
| event id | `id`: at most 200 characters, the same when it is sent again |
| verified by | `X-Frontdesk-Signature: sha256=HEX`, HMAC-SHA256 with the secret over |
| | `X-Frontdesk-Timestamp`, a full stop and the raw body |
| old calls | refused when the signed time is more than 5 minutes away from ours |
| our answer | 200 `{"accepted": id}`; 400 malformed, 403 not verified, 413 too large |
| we send | `POST` to the reply URL, one message a call, signed in the same way: |
| | `{"id", "sender", "reply_to", "message"}` |
| limits | text 4,000 characters a message; 128 KB a call to us |
| exactly once | `id` and `Idempotency-Key` are the same for every try |
| source | docs/channels/webhook.md |
"""

import json
import math
import time
from dataclasses import asdict
from typing import Any, Dict, List
from urllib.parse import urlsplit

from sanic.request import Request
from sanic.response import HTTPResponse

from addons.channels.base import as_json
from addons.channels.messages import Attachment, Inbound, Option, Outgoing
from addons.channels.messaging import MessagingInput
from addons.channels.parts import Button, Card, Cards, Location, Media, Part, Text
from addons.channels.splitting import split
from addons.channels.vendor import VendorApi, check, hmac_sha256, is_same
from addons.channels.webhook import (
    Malformed,
    NotVerified,
    Received,
    objects_at,
    parse_object,
    text_at,
)

MAX_TEXT = 4000
MAX_ID = 200
MAX_REPLY_TO = 2000
MAX_ATTACHMENTS = 20
MAX_AGE_S = 300.0

_KINDS = ("image", "audio", "video", "file")


class WebhookInput(MessagingInput):
    """The channel of one system that shares a secret with us."""

    options = (
        Option("secret", "signs what both sides send; 32 random bytes or more"),
        Option("reply_url", "where answers are posted to, https://"),
    )
    max_body = 128 * 1024
    most_cards = 10

    @classmethod
    def name(cls) -> str:
        return "webhook"

    def __init__(self, option: Dict[str, str], **keywords: Any) -> None:
        """The channel whose answers go to `option["reply_url"]`."""
        super().__init__(option, **keywords)
        self._api = VendorApi(option["reply_url"])

    def verify(self, request: Request, body: bytes) -> None:
        sent_at = request.headers.get("x-frontdesk-timestamp", "")
        given = request.headers.get("x-frontdesk-signature", "")
        if not is_same(given, self._signature(sent_at, body)):
            raise NotVerified(
                "X-Frontdesk-Signature is not that of the secret, "
                "X-Frontdesk-Timestamp and the body."
            )
        seconds = int(sent_at) if sent_at.isdecimal() and len(sent_at) < 20 else 0
        if abs(seconds - time.time()) > MAX_AGE_S:
            raise NotVerified(
                f"X-Frontdesk-Timestamp is {sent_at!a}, more than {MAX_AGE_S:.0f} "
                "seconds away from our clock. Sign the request when you send it."
            )

    def read(self, request: Request, body: bytes) -> Received:
        event = _event(parse_object(body))
        accepted = as_json({"accepted": event.event_id})
        response = HTTPResponse(accepted, 200, content_type="application/json")
        return Received([event], response=response)

    def render(self, part: Part) -> List[Dict[str, Any]]:
        if isinstance(part, Text):
            *before, last = split(part.text, MAX_TEXT)
            buttons = [_button(button) for button in part.buttons]
            message = {"type": "text", "text": last, "buttons": buttons}
            return [*({"type": "text", "text": one} for one in before), message]
        if isinstance(part, Media):
            return [{"type": part.kind, **_without(part, "kind")}]
        if isinstance(part, Location):
            return [{"type": "location", **asdict(part)}]
        assert isinstance(part, Cards)
        return [{"type": "cards", "cards": [_card(card) for card in part.cards]}]

    async def send(self, call: Outgoing) -> str:
        content = {
            "id": call.key,
            "sender": call.recipient,
            "reply_to": call.reply_to,
            "message": call.call,
        }
        body = json.dumps(content).encode()
        sent_at = str(int(time.time()))
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": call.key,
            "X-Frontdesk-Timestamp": sent_at,
            "X-Frontdesk-Signature": self._signature(sent_at, body),
        }
        check(await self._api.post("", data=body, headers=headers))
        return call.key

    async def probe(self) -> List[str]:
        problems = []
        url = urlsplit(self.option["reply_url"])
        if url.scheme != "https" and url.hostname not in ("127.0.0.1", "localhost"):
            problems.append(
                f"{self.variable('reply_url')} is {self.option['reply_url']!r}. "
                "Set it to an https:// address."
            )
        if len(self.option["secret"]) < 32:
            problems.append(
                f"{self.variable('secret')} has {len(self.option['secret'])} "
                "characters. Use 32 or more: openssl rand -hex 32"
            )
        return problems

    async def closed(self) -> None:
        await self._api.close()

    def _signature(self, sent_at: str, body: bytes) -> str:
        signed = sent_at.encode() + b"." + body
        return f"sha256={hmac_sha256(self.option['secret'], signed)}"


def _event(content: Dict[str, Any]) -> Inbound:
    """The message of a body.

    Raises:
        Malformed: A field is missing or has another type.
    """
    event_id, sender = content.get("id"), content.get("sender")
    if not isinstance(event_id, str) or not 0 < len(event_id) <= MAX_ID:
        raise Malformed(f"'id' is no text of 1 to {MAX_ID} characters.")
    if not event_id.isprintable():
        raise Malformed("'id' has characters that cannot be printed.")
    if not isinstance(sender, str) or not sender:
        raise Malformed("'sender' is no text that names the customer.")
    for name in ("text", "payload"):
        if not isinstance(content.get(name, ""), str):
            raise Malformed(f"{name!r} is no text.")
    reply_to = content.get("reply_to", {})
    if not isinstance(reply_to, dict) or len(json.dumps(reply_to)) > MAX_REPLY_TO:
        raise Malformed(f"'reply_to' is no object of {MAX_REPLY_TO} bytes at most.")
    sent_at = content.get("sent_at", 0)
    is_number = isinstance(sent_at, (int, float)) and not isinstance(sent_at, bool)
    if not is_number or not math.isfinite(sent_at):
        raise Malformed("'sent_at' is no number of seconds since 1970.")
    files = objects_at(content, "attachments")[:MAX_ATTACHMENTS]
    return Inbound(
        event_id=event_id,
        sender=sender,
        text=content.get("text", ""),
        payload=content.get("payload", ""),
        attachments=[_attachment(file) for file in files],
        sent_at=float(max(sent_at, 0)),
        reply_to=reply_to,
    )


def _attachment(file: Dict[str, Any]) -> Attachment:
    kind = text_at(file, "kind")
    return Attachment(
        kind=kind if kind in _KINDS else "file",
        url=text_at(file, "url"),
        name=text_at(file, "name"),
        mime=text_at(file, "mime"),
    )


def _button(button: Button) -> Dict[str, str]:
    return _without(button, "payload" if button.url else "url")


def _card(card: Card) -> Dict[str, Any]:
    return {
        **_without(card, "buttons"),
        "buttons": [_button(button) for button in card.buttons],
    }


def _without(value: Any, name: str) -> Dict[str, Any]:
    return {key: field for key, field in asdict(value).items() if key != name}

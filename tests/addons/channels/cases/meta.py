"""Messenger and Instagram as Meta documents them: webhooks and the Send API.

developers.facebook.com/documentation/business-messaging/messenger-platform: webhooks/
webhook-events (messages, messaging_postbacks, message_echoes), send-messages, send-
messages/template/generic, error-codes; developers.facebook.com/docs/messenger-platform/
instagram/features: quick-replies, generic-template (read in 2026).
"""

import hashlib
import hmac
import time
from collections.abc import Sequence
from typing import Any

from aiohttp import web

from addons.channels.meta import MetaInput
from tests.addons.channels.cases import whatsapp
from tests.fakes_messaging import Case, Delivery, Message, Vendor, require

PAGE, TOKEN, SECRET = "1906385232743851", "EAApage-token", "meta-app-secret"
PROOF = hmac.new(SECRET.encode(), TOKEN.encode(), hashlib.sha256).hexdigest()


class Meta(Vendor):
    """`POST /v25.0/me/messages`, as strict as Meta's."""

    async def read(self, request: web.Request) -> tuple[str, dict[str, Any]]:
        require(
            request.headers.get("Authorization") == f"Bearer {TOKEN}", "Invalid OAuth"
        )
        require(request.query.get("appsecret_proof") == PROOF, "Invalid proof")
        if request.method == "GET":
            require(request.path == "/v25.0/me", "Unknown path")
            return "", {"me": PAGE}
        require(request.path == "/v25.0/me/messages", "Unknown path")
        require(request.content_type == "application/json", "Content-Type")
        content = await request.json()
        person = content.pop("recipient")["id"]
        require(person.isdecimal(), "recipient.id")
        if "sender_action" in content:
            require(content["sender_action"] in ("mark_seen", "typing_on"), "action")
            require(set(content) == {"sender_action"}, "Unexpected key")
            return "", content
        require(content.pop("messaging_type") == "RESPONSE", "messaging_type")
        message = content.pop("message")
        require(not content, f"Unexpected key {set(content)}")
        _check_message(message, is_instagram=person.startswith("17841"))
        return person, message

    def taken(self, message: dict[str, Any]) -> dict[str, Any]:
        if "me" in message:
            return {"id": PAGE}
        if "sender_action" in message:
            return {"recipient_id": "x"}
        number = sum(map(len, self.shown.values()))
        return {"recipient_id": "x", "message_id": f"m_out{number}"}

    def not_taken(self, reason: str) -> web.Response:
        status = 401 if reason == "Invalid OAuth" else 400
        code = 190 if status == 401 else 100
        error = {"message": reason, "type": "OAuthException", "code": code}
        return web.json_response({"error": error}, status=status)

    def text(self, message: dict[str, Any]) -> str:
        return str(message.get("text") or message.get("attachment"))


def _check_message(message: dict[str, Any], is_instagram: bool) -> None:
    allowed = {"text", "attachment", "quick_replies", "metadata"}
    require(set(message) <= allowed, "Unexpected key")
    require(("text" in message) != ("attachment" in message), "text or attachment")
    require(len(message.get("metadata", "")) <= 1000, "metadata length")
    require(not (is_instagram and "metadata" in message), "metadata on Instagram")
    if "text" in message:
        size = len(message["text"].encode()) if is_instagram else len(message["text"])
        require(0 < size <= (1000 if is_instagram else 2000), "text length")
    replies = message.get("quick_replies", [])
    require(len(replies) <= 13, "13 quick replies")
    for reply in replies:
        require(reply["content_type"] == "text", "content_type")
        require(1 <= len(reply["title"]) <= 20, "title length")
        require(1 <= len(reply["payload"]) <= 1000, "payload length")
    require(len({one["title"] for one in replies}) == len(replies), "title twice")
    if "attachment" in message:
        _check_attachment(message["attachment"], is_instagram)


def _check_attachment(attachment: dict[str, Any], is_instagram: bool) -> None:
    kinds = ("image", "audio", "video", "template")
    kinds += () if is_instagram else ("file",)
    require(attachment["type"] in kinds, "attachment.type")
    payload = attachment["payload"]
    if attachment["type"] != "template":
        require(payload["url"].startswith("http"), "attachment url")
        return
    require(payload["template_type"] == "generic", "template_type")
    require(1 <= len(payload["elements"]) <= 10, "1 to 10 elements")
    for element in payload["elements"]:
        require(1 <= len(element["title"]) <= 80, "element title")
        require(len(element.get("subtitle", "")) <= 80, "element subtitle")
        require(len(element) > 1, "one property beside title")
        require(len(element.get("buttons", [])) <= 3, "3 buttons")
        action = element.get("default_action", {"type": "web_url"})
        require(action["type"] == "web_url" and "title" not in action, "default_action")
        for button in element.get("buttons", []):
            require(1 <= len(button["title"]) <= 20, "button title")
            key = {"web_url": "url", "postback": "payload"}[button["type"]]
            require(1 <= len(button[key]) <= 1000, f"button {key}")


def channel(url: str, **keywords: Any) -> MetaInput:
    option = {one.name: one.default or "" for one in MetaInput.options}
    option |= {
        "page_token": TOKEN,
        "app_secret": SECRET,
        "verify_token": "chosen-by-us",
        "api_url": f"{url}/v25.0",
        **keywords.pop("option", {}),
    }
    return MetaInput(option, **keywords)


def envelope(*events: dict[str, Any], platform: str = "page") -> dict[str, Any]:
    """A webhook with one entry for each two events, as batches come."""
    entries = [
        {"id": PAGE, "time": 1458692752478, "messaging": list(events[n : n + 2])}
        for n in range(0, len(events), 2)
    ]
    return {"object": platform, "entry": entries}


def event(person: str, at: float = 0.0, **content: Any) -> dict[str, Any]:
    return {
        "sender": {"id": person},
        "recipient": {"id": PAGE},
        "timestamp": int(1000 * (at or time.time())),
        **content,
    }


def text_event(one: Message) -> dict[str, Any]:
    message = {"mid": f"m_{one.number}", "text": one.text}
    return event(customer(one.customer), one.at, message=message)


def signed(content: object) -> Delivery:
    return whatsapp.signed(content, SECRET)


def deliver(messages: Sequence[Message]) -> list[Delivery]:
    return [signed(envelope(*(text_event(one) for one in messages)))]


def receipt(message: dict[str, Any]) -> Delivery:
    """The echo that Messenger sends of a message of ours."""
    key = message["metadata"]
    echo = {"mid": f"m_{key}", "is_echo": True, "app_id": 1, "metadata": key}
    content = event(customer(0), message=echo)
    content["sender"], content["recipient"] = content["recipient"], content["sender"]
    return signed(envelope(content))


def forge(delivery: Delivery) -> dict[str, Delivery]:
    sha1 = hmac.new(SECRET.encode(), delivery.body, hashlib.sha1).hexdigest()
    headers = {"Content-Type": "application/json", "X-Hub-Signature": f"sha1={sha1}"}
    return {
        **whatsapp.forge(delivery),
        "only SHA-1": Delivery(delivery.body, headers),
    }


def customer(number: int) -> str:
    return f"25449{number:06d}"


CASE = Case(
    name="meta",
    channel=channel,
    vendor=Meta,
    deliver=deliver,
    forge=forge,
    customer=customer,
    conversation=lambda number: f"meta:messenger.{customer(number)}",
    batches=True,
    receipt=receipt,
)

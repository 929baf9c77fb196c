"""A system that uses the signed webhook, as docs/channels/webhook.md describes it."""

import time
from collections.abc import Sequence
from typing import Any

from aiohttp import web
from cryptography.hazmat.primitives import hashes, hmac

from addons.channels.signed_webhook import WebhookInput
from tests.fakes_messaging import Case, Delivery, Message, Vendor, as_body, require

SECRET = "a-shared-secret-of-32-characters"


class System(Vendor):
    """The reply URL: checks the signature and takes a message once."""

    async def read(self, request: web.Request) -> tuple[str, dict[str, Any]]:
        require(request.method == "POST" and request.path == "/replies", "404")
        body = await request.read()
        sent_at = request.headers["X-Frontdesk-Timestamp"]
        require(abs(int(sent_at) - time.time()) < 10, "timestamp")
        expected = signature(body, sent_at)
        require(request.headers["X-Frontdesk-Signature"] == expected, "signature")
        content = await request.json()
        require(set(content) == {"id", "sender", "reply_to", "message"}, "keys")
        require(request.headers["Idempotency-Key"] == content["id"], "key")
        require(len(content["message"].get("text", "")) <= 4000, "text length")
        message = {**content["message"], "key": content["id"]}
        message["reply_to"] = content["reply_to"]
        shown = self.shown[content["sender"]]
        is_known = any(one["key"] == content["id"] for one in shown)
        return "" if is_known else content["sender"], message

    def taken(self, message: dict[str, Any]) -> dict[str, Any]:
        return {"ok": True}

    def not_taken(self, reason: str) -> web.Response:
        return web.json_response({"error": reason}, status=400)

    def text(self, message: dict[str, Any]) -> str:
        return str(message.get("text"))


def channel(url: str, **keywords: Any) -> WebhookInput:
    option = {
        "secret": SECRET,
        "reply_url": f"{url}/replies",
        **keywords.pop("option", {}),
    }
    return WebhookInput(option, **keywords)


def signature(body: bytes, sent_at: str, secret: str = SECRET) -> str:
    mac = hmac.HMAC(secret.encode(), hashes.SHA256())
    mac.update(sent_at.encode() + b"." + body)
    return f"sha256={mac.finalize().hex()}"


def signed(content: object, secret: str = SECRET, age_s: float = 0.0) -> Delivery:
    body = content if isinstance(content, bytes) else as_body(content)
    sent_at = str(int(time.time() - age_s))
    return Delivery(
        body,
        {
            "Content-Type": "application/json",
            "X-Frontdesk-Timestamp": sent_at,
            "X-Frontdesk-Signature": signature(body, sent_at, secret),
        },
    )


def content(one: Message, **more: Any) -> dict[str, Any]:
    return {
        "id": f"event-{one.number}",
        "sender": customer(one.customer),
        "text": one.text,
        "sent_at": one.at or time.time(),
        **more,
    }


def deliver(messages: Sequence[Message]) -> list[Delivery]:
    return [signed(content(one)) for one in messages]


def forge(delivery: Delivery) -> dict[str, Delivery]:
    def with_headers(**changed: str) -> Delivery:
        names = {name.replace("_", "-"): value for name, value in changed.items()}
        return Delivery(delivery.body, {**delivery.headers, **names})

    right = delivery.headers["X-Frontdesk-Signature"]
    later = str(int(delivery.headers["X-Frontdesk-Timestamp"]) + 1)
    return {
        "no signature": Delivery(delivery.body, {}),
        "empty signature": with_headers(X_Frontdesk_Signature=""),
        "another secret": signed(delivery.body, "another"),
        "another body": Delivery(delivery.body + b" ", delivery.headers),
        "another time": with_headers(X_Frontdesk_Timestamp=later),
        "no time": with_headers(X_Frontdesk_Timestamp=""),
        "ten minutes old": signed(delivery.body, age_s=600),
        "from the future": signed(delivery.body, age_s=-600),
        "without its algorithm": with_headers(
            X_Frontdesk_Signature=right.removeprefix("sha256=")
        ),
    }


def customer(number: int) -> str:
    return f"customer-{number}"


CASE = Case(
    name="webhook",
    channel=channel,
    vendor=System,
    deliver=deliver,
    forge=forge,
    customer=customer,
    conversation=lambda number: f"webhook:{customer(number)}",
    batches=False,
    fresh=lambda delivery: signed(delivery.body),
)

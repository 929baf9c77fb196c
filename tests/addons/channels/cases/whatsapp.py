"""WhatsApp as Meta documents it: the shapes of webhooks and of the Messages API.

developers.facebook.com/documentation/business-messaging/whatsapp: webhooks/reference/
messages, messages/text-messages, interactive-reply-buttons-messages,
interactive-list-messages, typing-indicators, support/error-codes (read in 2026).
"""

import time
from collections.abc import Sequence
from typing import Any

from aiohttp import web
from cryptography.hazmat.primitives import hashes, hmac

from addons.channels.whatsapp import WhatsAppInput
from tests.fakes_messaging import Case, Delivery, Message, Vendor, as_body, require

NUMBER, TOKEN, SECRET = "106540352242922", "EAAtoken", "app-secret-of-the-tests"


class WhatsApp(Vendor):
    """`POST /v26.0/{phone number id}/messages`, as strict as Meta's."""

    async def read(self, request: web.Request) -> tuple[str, dict[str, Any]]:
        require(request.path.startswith(f"/v26.0/{NUMBER}"), "Unknown path")
        require(
            request.headers.get("Authorization") == f"Bearer {TOKEN}", "Invalid OAuth"
        )
        if request.method == "GET":
            require(request.path == f"/v26.0/{NUMBER}", "Unknown path")
            return "", {"status": "read"}
        require(request.path == f"/v26.0/{NUMBER}/messages", "Unknown path")
        require(request.content_type == "application/json", "Content-Type")
        message = await request.json()
        require(message.pop("messaging_product") == "whatsapp", "messaging_product")
        if message.get("status") == "read":
            require(message["message_id"].startswith("wamid."), "message_id")
            require(message["typing_indicator"] == {"type": "text"}, "typing_indicator")
            return "", message
        require(message.pop("recipient_type") == "individual", "recipient_type")
        customer = message.pop("to")
        require(customer.isdecimal(), "to")
        require(len(message["biz_opaque_callback_data"]) <= 512, "callback data")
        _CHECKS[message["type"]](message[message["type"]])
        left = set(message) - {"type", message["type"], "biz_opaque_callback_data"}
        require(not left, f"Unexpected key {left}")
        return customer, message

    def taken(self, message: dict[str, Any]) -> dict[str, Any]:
        if message.get("status") == "read":
            return {"success": True}
        number = sum(map(len, self.shown.values()))
        return {
            "messaging_product": "whatsapp",
            "contacts": [{"input": "x", "wa_id": "x"}],
            "messages": [{"id": f"wamid.out{number}"}],
        }

    def not_taken(self, reason: str) -> web.Response:
        status = 401 if reason == "Invalid OAuth" else 400
        code = 190 if status == 401 else 100
        return web.json_response(
            {"error": {"message": f"(#{code}) {reason}", "code": code}}, status=status
        )

    def text(self, message: dict[str, Any]) -> str:
        content = message[message["type"]]
        return str(content.get("body") or content.get("caption") or content)


def _check_text(text: dict[str, Any]) -> None:
    require(1 <= len(text["body"]) <= 4096, "text.body length")
    require(set(text) <= {"body", "preview_url"}, "text keys")


def _check_link(content: dict[str, Any]) -> None:
    require(content["link"].startswith("http"), "link")
    require(len(content.get("caption", "")) <= 1024, "caption length")
    require(set(content) <= {"link", "caption", "filename"}, "media keys")


def _check_interactive(content: dict[str, Any]) -> None:
    action = content["action"]
    if content["type"] == "button":
        require(1 <= len(content["body"]["text"]) <= 1024, "body length")
        replies = [button["reply"] for button in action["buttons"]]
        require(1 <= len(replies) <= 3, "1 to 3 buttons")
        require(all(1 <= len(one["title"]) <= 20 for one in replies), "title length")
        require(all(1 <= len(one["id"]) <= 256 for one in replies), "id length")
        for key in ("id", "title"):
            require(len({one[key] for one in replies}) == len(replies), f"{key} twice")
        return
    require(content["type"] == "list", "interactive.type")
    require(1 <= len(content["body"]["text"]) <= 4096, "body length")
    require(1 <= len(action["button"]) <= 20, "button text")
    rows = [row for section in action["sections"] for row in section["rows"]]
    require(all(len(section["title"]) <= 24 for section in action["sections"]), "title")
    require(1 <= len(rows) <= 10, "1 to 10 rows")
    for row in rows:
        require(1 <= len(row["title"]) <= 24, "row title length")
        require(len(row.get("description", "")) <= 72, "row description length")
        require(1 <= len(row["id"]) <= 200, "row id length")
    require(len({row["id"] for row in rows}) == len(rows), "row id twice")


def _check_location(content: dict[str, Any]) -> None:
    require(-90 <= content["latitude"] <= 90, "latitude")
    require(-180 <= content["longitude"] <= 180, "longitude")


def _check_template(content: dict[str, Any]) -> None:
    require(content["name"] and content["language"]["code"], "template")
    [component] = content["components"]
    [variable] = component["parameters"]
    require(component["type"] == "body" and variable["type"] == "text", "component")
    require("\n" not in variable["text"] and "    " not in variable["text"], "variable")


_CHECKS = {
    "text": _check_text,
    "image": _check_link,
    "video": _check_link,
    "audio": _check_link,
    "document": _check_link,
    "interactive": _check_interactive,
    "location": _check_location,
    "template": _check_template,
}


def channel(url: str, **keywords: Any) -> WhatsAppInput:
    option = {one.name: one.default or "" for one in WhatsAppInput.options}
    option |= {
        "access_token": TOKEN,
        "app_secret": SECRET,
        "phone_number_id": NUMBER,
        "verify_token": "chosen-by-us",
        "api_url": f"{url}/v26.0",
        **keywords.pop("option", {}),
    }
    return WhatsAppInput(option, **keywords)


def envelope(**value: Any) -> dict[str, Any]:
    """A webhook of one change."""
    metadata = {"display_phone_number": "442079460112", "phone_number_id": NUMBER}
    value = {"messaging_product": "whatsapp", "metadata": metadata, **value}
    changes = [{"field": "messages", "value": value}]
    entry = {"id": "102290129340398", "changes": changes}
    return {"object": "whatsapp_business_account", "entry": [entry]}


def text_message(one: Message) -> dict[str, Any]:
    return {
        "from": customer(one.customer),
        "id": f"wamid.{one.number}",
        "timestamp": str(int(one.at or time.time())),
        "type": "text",
        "text": {"body": one.text},
    }


def signed(content: object, secret: str = SECRET) -> Delivery:
    """The call with a signature that another library computed."""
    body = content if isinstance(content, bytes) else as_body(content)
    signature = hmac.HMAC(secret.encode(), hashes.SHA256())
    signature.update(body)
    return Delivery(
        body,
        {
            "Content-Type": "application/json",
            "X-Hub-Signature-256": f"sha256={signature.finalize().hex()}",
        },
    )


def deliver(messages: Sequence[Message]) -> list[Delivery]:
    return [signed(envelope(messages=[text_message(one) for one in messages]))]


def receipt(message: dict[str, Any]) -> Delivery:
    status = {
        "id": f"wamid.{message['biz_opaque_callback_data']}",
        "status": "sent",
        "timestamp": str(int(time.time())),
        "recipient_id": customer(0),
        "biz_opaque_callback_data": message["biz_opaque_callback_data"],
    }
    return signed(envelope(statuses=[status]))


def forge(delivery: Delivery) -> dict[str, Delivery]:
    def with_signature(value: str) -> Delivery:
        headers = {"Content-Type": "application/json", "X-Hub-Signature-256": value}
        return Delivery(delivery.body, headers)

    right = delivery.headers["X-Hub-Signature-256"]
    return {
        "no signature": Delivery(delivery.body, {"Content-Type": "application/json"}),
        "empty signature": with_signature(""),
        "another secret": signed(delivery.body, "another"),
        "another body": Delivery(delivery.body + b" ", delivery.headers),
        "another algorithm": with_signature(right.replace("sha256=", "md5=")),
        "without its algorithm": with_signature(right.removeprefix("sha256=")),
        "not ASCII": with_signature("sha256=\u00fc"),
    }


def customer(number: int) -> str:
    return f"4477009{number:05d}"


CASE = Case(
    name="whatsapp",
    channel=channel,
    vendor=WhatsApp,
    deliver=deliver,
    forge=forge,
    customer=customer,
    conversation=lambda number: f"whatsapp:{customer(number)}",
    batches=True,
    receipt=receipt,
)

"""Twilio as www.twilio.com/docs documents it (read in 2026).

messaging/guides/webhook-request, usage/security#validating-requests,
messaging/api/message-resource, api/errors (21602, 21604, 21617, 21623, 63016).
"""

import base64
from collections.abc import Sequence
from email.utils import formatdate
from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from twilio.request_validator import RequestValidator

from addons.channels.twilio import TwilioInput
from tests.fakes_messaging import Case, Delivery, Message, Vendor, require

ACCOUNT, TOKEN = "AC" + "0123456789abcdef" * 2, "auth-token-of-the-tests"
NUMBER = "+442079460112"
URL = "https://shop.example/webhooks/twilio/webhook"
FORM = "application/x-www-form-urlencoded"


class Twilio(Vendor):
    """`/2010-04-01/Accounts/{sid}/Messages.json`, as strict as Twilio's."""

    async def read(self, request: web.Request) -> tuple[str, dict[str, Any]]:
        known = base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
        require(request.headers.get("Authorization") == f"Basic {known}", "20003")
        if request.method == "GET" and request.path.endswith(f"/{ACCOUNT}.json"):
            return "", {"account": ACCOUNT}
        path = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
        require(request.path == path, "20404")
        if request.method == "GET":
            return "", {"list": request.query["To"], "from": request.query["From"]}
        require(request.content_type == FORM, "Content-Type")
        form = dict(await request.post())
        require(set(form) <= {"From", "To", "Body", "MediaUrl"}, "Unexpected field")
        to, number = str(form.pop("To")), str(form.pop("From"))
        require(to.startswith(("+", "whatsapp:+")), "21604 invalid To")
        require(("whatsapp:" in to) == ("whatsapp:" in number), "21910 channels differ")
        require(form.get("Body") or form.get("MediaUrl"), "21602 no body")
        size = len(str(form.get("Body", "")).encode("utf-16-le")) // 2
        require(size <= 1600, "21617 longer than 1600 characters")
        require(str(form.get("MediaUrl", "http")).startswith("http"), "21620 media")
        return to, {**form, "from": number, "date_created": formatdate()}

    def taken(self, message: dict[str, Any]) -> dict[str, Any]:
        if "account" in message:
            return {"sid": ACCOUNT, "status": "active"}
        if "list" in message:
            known = self.shown[message["list"]]
            return {"messages": [{"body": one["Body"], **one} for one in known]}
        number = sum(map(len, self.shown.values()))
        return {"sid": f"SM{number:032d}", "status": "queued"}

    def not_taken(self, reason: str) -> web.Response:
        code = int(reason[:5]) if reason[:5].isdecimal() else 21211
        status = 401 if code == 20003 else 400
        content = {"code": code, "message": reason, "status": status}
        return web.json_response(content, status=status)

    def text(self, message: dict[str, Any]) -> str:
        return str(message["Body"])


def channel(url: str, **keywords: Any) -> TwilioInput:
    option = {one.name: one.default or "" for one in TwilioInput.options}
    option |= {
        "account_sid": ACCOUNT,
        "auth_token": TOKEN,
        "webhook_url": URL,
        "api_url": url,
        **keywords.pop("option", {}),
    }
    return TwilioInput(option, **keywords)


def fields(one: Message, **more: str) -> dict[str, str]:
    """What Twilio sends for an SMS; `more` replaces fields or adds some."""
    return {
        "ToCountry": "GB",
        "MessageSid": f"SM{one.number:032d}",
        "SmsMessageSid": f"SM{one.number:032d}",
        "SmsSid": f"SM{one.number:032d}",
        "AccountSid": ACCOUNT,
        "From": customer(one.customer),
        "To": NUMBER,
        "Body": one.text,
        "NumMedia": "0",
        "NumSegments": "1",
        "SmsStatus": "received",
        "ApiVersion": "2010-04-01",
        **more,
    }


def signed(form: dict[str, str], token: str = TOKEN, url: str = URL) -> Delivery:
    """The call with the signature of Twilio's own library."""
    signature = RequestValidator(token).compute_signature(url, form)
    headers = {"Content-Type": FORM, "X-Twilio-Signature": signature}
    return Delivery(urlencode(form).encode(), headers)


def deliver(messages: Sequence[Message]) -> list[Delivery]:
    return [signed(fields(one)) for one in messages]


def forge(delivery: Delivery) -> dict[str, Delivery]:
    def with_signature(value: str) -> Delivery:
        return Delivery(
            delivery.body, {"Content-Type": FORM, "X-Twilio-Signature": value}
        )

    form = fields(Message(1, 1, "hello"))
    return {
        "no signature": Delivery(delivery.body, {"Content-Type": FORM}),
        "empty signature": with_signature(""),
        "another secret": signed(form, token="another"),
        "another URL": signed(form, url="https://elsewhere.example/webhook"),
        "another body": Delivery(delivery.body + b"&x=y", delivery.headers),
        "another sender": Delivery(
            delivery.body.replace(b"From=%2B44", b"From=%2B45"), delivery.headers
        ),
        "hexadecimal": with_signature(
            base64.b64decode(delivery.headers["X-Twilio-Signature"]).hex()
        ),
        "not ASCII": with_signature("\u00fc"),
    }


def customer(number: int) -> str:
    return f"+4477009{number:05d}"


CASE = Case(
    name="twilio",
    channel=channel,
    vendor=Twilio,
    deliver=deliver,
    forge=forge,
    customer=customer,
    conversation=lambda number: f"twilio:{customer(number)}",
    batches=False,
)

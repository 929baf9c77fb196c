"""Telegram as core.telegram.org/bots/api documents it (Bot API, read in 2026)."""

import json
import time
from collections.abc import Sequence
from typing import Any

from aiohttp import web

from addons.channels.telegram import TelegramInput
from tests.fakes_messaging import Case, Delivery, Message, Vendor, as_body, require

TOKEN, SECRET = "123456:ABC-token-of-the-tests", "secret_token-of-the-tests"
_MEDIA = {
    "sendPhoto": "photo",
    "sendAudio": "audio",
    "sendVideo": "video",
    "sendDocument": "document",
}


class Telegram(Vendor):
    """`POST /bot<token>/<method>`, as strict as Telegram's."""

    def __init__(self) -> None:
        super().__init__()
        self.webhook = ""
        self.unreachable = ""  # a file address that Telegram cannot fetch

    async def read(self, request: web.Request) -> tuple[str, dict[str, Any]]:
        start = f"/bot{TOKEN}/"
        require(request.path.startswith(start), "Unauthorized")
        method = request.path.removeprefix(start)
        if method in ("getMe", "getWebhookInfo"):
            return "", {"method": method}
        require(request.content_type == "application/json", "Content-Type")
        message = await request.json()
        if method in ("answerCallbackQuery", "sendChatAction"):
            key = "callback_query_id" if method == "answerCallbackQuery" else "action"
            require(message.get(key), f"Bad Request: {key}")
            return "", {"method": method, **message}
        chat = str(message.pop("chat_id"))
        require(chat.lstrip("-").isdecimal(), "Bad Request: chat not found")
        if method == "sendMessage":
            size = len(message["text"].encode("utf-16-le")) // 2
            require(message["text"].strip(), "Bad Request: message text is empty")
            require(size <= 4096, "Bad Request: message is too long")
        elif method in _MEDIA:
            url = message[_MEDIA[method]]
            require(url.startswith("http"), "Bad Request: wrong file identifier")
            wrong = "Bad Request: wrong type of the web page content / HTTP URL"
            require(url != self.unreachable, wrong)
            size = len(message.get("caption", "").encode("utf-16-le")) // 2
            require(size <= 1024, "Bad Request: message caption is too long")
        else:
            require(method in ("sendLocation", "sendVenue"), "Not Found")
            require(-90 <= message["latitude"] <= 90, "Bad Request: latitude")
        rows = message.get("reply_markup", {}).get("inline_keyboard", [])
        buttons = [button for row in rows for button in row]
        require(len(buttons) <= 100, "Bad Request: reply markup is too long")
        for button in buttons:
            data = button.get("callback_data", "").encode()
            require(len(data) <= 64, "Bad Request: BUTTON_DATA_INVALID")
            require(
                data or button.get("url"), "Bad Request: Text buttons are unallowed"
            )
            require(button["text"], "Bad Request: text buttons")
        return chat, {"method": method, **message}

    def taken(self, message: dict[str, Any]) -> dict[str, Any]:
        if message["method"] == "getWebhookInfo":
            return {"ok": True, "result": {"url": self.webhook}}
        if message["method"] in ("answerCallbackQuery", "sendChatAction"):
            return {"ok": True, "result": True}
        number = sum(map(len, self.shown.values()))
        return {"ok": True, "result": {"message_id": number, "username": "shop_bot"}}

    def not_taken(self, reason: str) -> web.Response:
        status = {"Unauthorized": 401, "Not Found": 404}.get(reason, 400)
        body = {"ok": False, "error_code": status, "description": reason}
        return web.json_response(body, status=status)

    def text(self, message: dict[str, Any]) -> str:
        return str(message.get("text") or message.get("caption") or message)


def channel(url: str, **keywords: Any) -> TelegramInput:
    option = {"bot_token": TOKEN, "secret_token": SECRET, "api_url": url}
    return TelegramInput({**option, **keywords.pop("option", {})}, **keywords)


def update(number: int, **content: Any) -> Delivery:
    return Delivery(
        as_body({"update_id": number, **content}),
        {
            "Content-Type": "application/json",
            "X-Telegram-Bot-Api-Secret-Token": SECRET,
        },
    )


def said(person: int, at: float = 0.0, **content: Any) -> dict[str, Any]:
    """A message in a private chat."""
    return {
        "message_id": 7,
        "from": {"id": person, "is_bot": False, "first_name": "Anna"},
        "chat": {"id": person, "type": "private", "first_name": "Anna"},
        "date": int(at or time.time()),
        **content,
    }


def deliver(messages: Sequence[Message]) -> list[Delivery]:
    return [
        update(
            one.number + 1,
            message=said(int(customer(one.customer)), one.at, text=one.text),
        )
        for one in messages
    ]


def forge(delivery: Delivery) -> dict[str, Delivery]:
    def with_token(value: str) -> Delivery:
        headers = {
            "Content-Type": "application/json",
            "X-Telegram-Bot-Api-Secret-Token": value,
        }
        return Delivery(delivery.body, headers)

    return {
        "no secret": Delivery(delivery.body, {"Content-Type": "application/json"}),
        "empty secret": with_token(""),
        "another secret": with_token("another"),
        "half the secret": with_token(SECRET[:8]),
        "more than the secret": with_token(SECRET + "x"),
        "the secret in the body": Delivery(
            as_body({**json.loads(delivery.body), "secret_token": SECRET}),
            {"Content-Type": "application/json"},
        ),
    }


def customer(number: int) -> str:
    return str(500_000 + number)


CASE = Case(
    name="telegram",
    channel=channel,
    vendor=Telegram,
    deliver=deliver,
    forge=forge,
    customer=customer,
    conversation=lambda number: f"telegram:{customer(number)}",
    batches=False,
    exactly_once=False,
)

"""Slack as docs.slack.dev documents it.

reference/events/message.im, reference/events/app_mention, reference/methods/
chat.postMessage, reference/block-kit, reference/interaction-payloads/
block_actions-payload (read in 2026). Signatures by Slack's own slack_sdk.
"""

import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from slack_sdk.signature import SignatureVerifier

from addons.channels.slack import SlackInput
from tests.fakes_messaging import Case, Delivery, Message, Vendor, as_body, require

TOKEN, SECRET, TEAM = "xoxb-token-of-the-tests", "signing-secret-of-the-tests", "T01ABC"


class Slack(Vendor):
    """`/api/<method>`, as strict as Slack's: errors come with status 200."""

    async def read(self, request: web.Request) -> tuple[str, dict[str, Any]]:
        require(request.headers.get("Authorization") == f"Bearer {TOKEN}", "not_authed")
        if request.path == "/api/auth.test":
            return "", {"ok": True}
        if request.path.startswith("/api/conversations."):
            require(
                request.query["include_all_metadata"] == "true", "invalid_arguments"
            )
            if request.path.endswith("replies"):
                require(request.query.get("ts"), "invalid_arguments")
            return "", {"ok": True, "messages": self._all(request.query["channel"])}
        require(request.path == "/api/chat.postMessage", "unknown_method")
        require(request.content_type == "application/json", "invalid_post_type")
        message = await request.json()
        require(message["channel"][0] in "DCU", "channel_not_found")
        require(message.get("text", "").strip(), "no_text")
        require(len(message["text"]) <= 40_000, "msg_too_long")
        require(set(message["metadata"]) == {"event_type", "event_payload"}, "metadata")
        blocks = message.get("blocks", [])
        require(len(blocks) <= 50, "invalid_blocks")
        for block in blocks:
            _check_block(block)
        known = {"channel", "text", "blocks", "thread_ts", "unfurl_links", "metadata"}
        require(set(message) <= known, f"invalid_arguments {set(message) - known}")
        return message["channel"], message

    def _all(self, channel: str) -> list[dict[str, Any]]:
        return self.shown[channel]

    def taken(self, message: dict[str, Any]) -> dict[str, Any]:
        return {"ok": True, "ts": f"{time.time():.6f}", **message}

    def not_taken(self, reason: str) -> web.Response:
        return web.json_response({"ok": False, "error": reason})

    def text(self, message: dict[str, Any]) -> str:
        return str(message["text"])


def _check_block(block: dict[str, Any]) -> None:
    if block["type"] == "section":
        require(1 <= len(block["text"]["text"]) <= 3000, "invalid_blocks")
        require(len(block.get("block_id", "")) <= 255, "invalid_blocks")
    elif block["type"] == "actions":
        require(1 <= len(block["elements"]) <= 25, "invalid_blocks")
        ids = [element["action_id"] for element in block["elements"]]
        require(len(set(ids)) == len(ids), "invalid_blocks")
        for element in block["elements"]:
            require(1 <= len(element["text"]["text"]) <= 75, "invalid_blocks")
            require(len(element.get("value", "")) <= 2000, "invalid_blocks")
    else:
        require(block["type"] == "image", "invalid_blocks")
        require(1 <= len(block["alt_text"]) <= 2000, "invalid_blocks")
        require(block["image_url"].startswith("http"), "invalid_blocks")


def channel(url: str, **keywords: Any) -> SlackInput:
    option = {"bot_token": TOKEN, "signing_secret": SECRET, "api_url": f"{url}/api"}
    return SlackInput({**option, **keywords.pop("option", {})}, **keywords)


def signed(body: bytes, kind: str, at: float = 0.0, secret: str = SECRET) -> Delivery:
    """The call with a signature by Slack's own library."""
    stamp = str(int(at or time.time()))
    signature = SignatureVerifier(secret).generate_signature(timestamp=stamp, body=body)
    return Delivery(
        body,
        {
            "Content-Type": kind,
            "X-Slack-Request-Timestamp": stamp,
            "X-Slack-Signature": str(signature),
        },
    )


def event(number: int, **content: Any) -> Delivery:
    body = {
        "token": "deprecated",
        "team_id": TEAM,
        "api_app_id": "A01ABC",
        "type": "event_callback",
        "event_id": f"Ev{number:08d}",
        "event_time": int(time.time()),
        "event": content,
    }
    return signed(as_body(body), "application/json; charset=utf-8")


def pressed(payload: dict[str, Any]) -> Delivery:
    form = urlencode({"payload": as_body(payload).decode()})
    return signed(form.encode(), "application/x-www-form-urlencoded")


def direct(one: Message) -> dict[str, Any]:
    """A direct message."""
    return {
        "type": "message",
        "channel": f"D{one.customer:06d}",
        "channel_type": "im",
        "user": f"U{one.customer:06d}",
        "text": one.text,
        "ts": f"{int(one.at or time.time())}.{one.number:06d}",
    }


def deliver(messages: Sequence[Message]) -> list[Delivery]:
    return [event(one.number, **direct(one)) for one in messages]


def forge(delivery: Delivery) -> dict[str, Delivery]:
    kind = delivery.headers["Content-Type"]
    right = delivery.headers["X-Slack-Signature"]
    stamp = delivery.headers["X-Slack-Request-Timestamp"]

    def with_signature(value: str, at: str = stamp) -> Delivery:
        headers = {
            "Content-Type": kind,
            "X-Slack-Signature": value,
            "X-Slack-Request-Timestamp": at,
        }
        return Delivery(delivery.body, headers)

    return {
        "no signature": Delivery(delivery.body, {"Content-Type": kind}),
        "empty signature": with_signature(""),
        "another secret": signed(delivery.body, kind, secret="another"),
        "another body": Delivery(delivery.body + b" ", delivery.headers),
        "another time": with_signature(right, str(int(stamp) - 1)),
        "6 minutes old": signed(delivery.body, kind, time.time() - 360),
        "6 minutes early": signed(delivery.body, kind, time.time() + 360),
        "no number as time": with_signature(right, "soon"),
    }


def customer(number: int) -> str:
    return f"D{number:06d}"


CASE = Case(
    name="slack",
    channel=channel,
    vendor=Slack,
    deliver=deliver,
    forge=forge,
    customer=customer,
    conversation=lambda number: f"slack:{TEAM}/U{number:06d}",
    batches=False,
    fresh=lambda one: signed(one.body, one.headers["Content-Type"]),
)

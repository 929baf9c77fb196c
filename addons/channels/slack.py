"""Slack, by the Events API and the Web API.

| Slack | |
| --- | --- |
| it sends | JSON `event_callback` with a `message` (direct) or an `app_mention`, and |
| | as form field `payload` the `block_actions` of a pressed button |
| event id | team, channel and `ts` of the message: the same for a redelivery and for |
| | a message that is a mention as well; redelivered 3 times within an hour |
| verified by | `X-Slack-Signature`: HMAC-SHA256 with the signing secret of |
| | "v0:" + `X-Slack-Request-Timestamp` + ":" + raw body |
| old calls | refused when the signed time is more than 5 minutes away |
| limits | 3,000 characters a block, 50 blocks; 25 buttons of 75 characters with |
| | values of 2,000; 429 with `Retry-After` |
| exactly once | each message carries our key as metadata; a call of unknown outcome |
| | is looked for in the conversation first |
| threads | a mention is answered in its thread, which is a conversation per person |
| source | docs.slack.dev: authentication/verifying-requests-from-slack, |
| | reference/events/app_mention, reference/methods/chat.postMessage, |
| | reference/interaction-payloads/block_actions-payload, messaging/message-metadata |
"""

import html
import re
import time
from typing import Any, Dict, List, Optional
from urllib.parse import parse_qs

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
    Received,
    objects_at,
    parse_object,
    text_at,
)

MAX_TEXT = 3000
MAX_BUTTONS = 25
MAX_BUTTON_TITLE = 75
MAX_VALUE = 2000
MAX_CARDS = 10
MAX_AGE_S = 300.0

_TOO_FAST = ("ratelimited", "rate_limited")
_FAULTS_OF_THEIRS = (
    "fatal_error",
    "internal_error",
    "service_unavailable",
    "request_timeout",
)
_MENTION = re.compile(r"<@[A-Z0-9]+(\|[^>]*)?>")
_LINK = re.compile(r"<((?:https?|mailto|tel):[^|>]+)(?:\|([^>]*))?>")


class SlackInput(MessagingInput):
    """The Slack channel of one app."""

    options = (
        Option("bot_token", "the app's bot token (xoxb-...)"),
        Option("signing_secret", "the app's signing secret"),
        Option("api_url", "the Web API", "https://slack.com/api"),
    )
    most_cards = MAX_CARDS

    @classmethod
    def name(cls) -> str:
        return "slack"

    def __init__(self, option: Dict[str, str], **keywords: Any) -> None:
        """The channel of the app that `option["bot_token"]` belongs to."""
        super().__init__(option, **keywords)
        self._api = VendorApi(
            option["api_url"], {"Authorization": f"Bearer {option['bot_token']}"}
        )

    def verify(self, request: Request, body: bytes) -> None:
        stamp = request.headers.get("x-slack-request-timestamp", "")
        signed = b"v0:" + stamp.encode() + b":" + body
        expected = f"v0={hmac_sha256(self.option['signing_secret'], signed)}"
        if not is_same(request.headers.get("x-slack-signature", ""), expected):
            raise NotVerified("X-Slack-Signature is not that of the signing secret.")
        if not stamp.isdecimal() or abs(time.time() - int(stamp)) > MAX_AGE_S:
            raise NotVerified("X-Slack-Request-Timestamp is over 5 minutes away.")

    def read(self, request: Request, body: bytes) -> Received:
        kind = request.headers.get("content-type", "")
        if kind.startswith("application/x-www-form-urlencoded"):
            try:
                fields = parse_qs(body.decode(), max_num_fields=20)
            except ValueError:
                raise Malformed("The body is no form.") from None
            payload = parse_object(fields.get("payload", [""])[0].encode())
            return Received(_pressed(payload))
        content = parse_object(body)
        if content.get("type") == "url_verification":
            challenge = text_at(content, "challenge")
            return Received(response=HTTPResponse(challenge, 200))
        event = _said(content) if content.get("type") == "event_callback" else None
        return Received([event] if event else [])

    def render(self, part: Part) -> List[Dict[str, Any]]:
        if isinstance(part, Text):
            return _text(part)
        if isinstance(part, Media):
            return [_media(part)]
        if isinstance(part, Location):
            query = f"mlat={part.latitude}&mlon={part.longitude}"
            link = f"https://www.openstreetmap.org/?{query}"
            return _text(Text("\n".join(filter(None, (part.name, part.address, link)))))
        assert isinstance(part, Cards)
        return _cards(part.cards[:MAX_CARDS])

    async def send(self, call: Outgoing) -> str:
        content = {
            **call.call,
            **_where(call),
            "unfurl_links": False,
            "metadata": {
                "event_type": "frontdesk_answer",
                "event_payload": {"key": call.key},
            },
        }
        try:
            answer = await self._post("/chat.postMessage", content)
        except Refused as error:
            if "invalid_blocks" not in str(error) or "blocks" not in content:
                raise
            # A picture cannot be fetched: the text names its address.
            del content["blocks"]
            answer = await self._post("/chat.postMessage", content)
        return text_at(answer.body, "ts")

    async def arrived(self, call: Outgoing) -> bool:
        where = _where(call)
        query = {
            "channel": where["channel"],
            "limit": "50",
            "include_all_metadata": "true",
        }
        path = "/conversations.history"
        if "thread_ts" in where:
            path, query["ts"] = "/conversations.replies", where["thread_ts"]
            query["oldest"] = str(max(0.0, call.begun_at - MAX_AGE_S))
        answer = _checked(await self._api.get(path, params=query))
        keys = [
            text_at(message, "metadata", "event_payload", "key")
            for message in objects_at(answer.body, "messages")
        ]
        return call.key in keys

    async def probe(self) -> List[str]:
        answer = await self._api.post("/auth.test")
        if answer.body.get("ok") is True:
            return []
        check(answer)
        error = text_at(answer.body, "error")
        return [f"Slack refuses {self.variable('bot_token')}: {error}."]

    async def closed(self) -> None:
        await self._api.close()

    async def _post(self, path: str, content: Dict[str, Any]) -> Answer:
        """Slack's answer of success.

        Raises:
            SendError: It is another one.
        """
        return _checked(await self._api.post(path, json=content))


def _checked(answer: Answer) -> Answer:
    """The answer, if it is one of success; Slack says so in the body.

    Raises:
        SendError: It is another one.
    """
    error = text_at(answer.body, "error")
    check(answer, error)
    if error in _TOO_FAST:
        raise Busy(f"Slack asks to slow down: {error}")
    if error in _FAULTS_OF_THEIRS:
        raise Unreachable(f"Slack failed: {error}", True)
    if answer.body.get("ok") is not True:
        raise Refused(f"Slack refused the message: {error or 'no reason given'}")
    return answer


def _said(content: Dict[str, Any]) -> Optional[Inbound]:
    """A direct message or a mention; nothing that a bot said, also not ourselves."""
    event = content.get("event")
    kind, person = text_at(event, "type"), text_at(event, "user")
    direct = kind == "message" and text_at(event, "channel_type") == "im"
    if not person or text_at(event, "bot_id") or not (direct or kind == "app_mention"):
        return None
    if text_at(event, "subtype") not in ("", "file_share"):
        return None  # an edit, a deletion, a notice
    team = text_at(content, "team_id")
    channel, stamp = text_at(event, "channel"), text_at(event, "ts")
    thread = text_at(event, "thread_ts") or ("" if direct else stamp)
    return Inbound(
        event_id=f"{team}/{channel}/{stamp}",
        sender=_sender(team, person, channel, thread),
        text=_plain(text_at(event, "text")),
        attachments=[_attachment(file) for file in objects_at(event, "files")],
        sent_at=_seconds(stamp),
        reply_to={"channel": channel, "thread_ts": thread},
    )


def _pressed(payload: Dict[str, Any]) -> List[Inbound]:
    if payload.get("type") != "block_actions":
        return []
    team, person = text_at(payload, "team", "id"), text_at(payload, "user", "id")
    channel = text_at(payload, "channel", "id")
    thread = text_at(payload, "message", "thread_ts")
    return [
        Inbound(
            event_id=f"{team}/{channel}/{text_at(action, 'action_ts')}",
            sender=_sender(team, person, channel, thread),
            text=html.unescape(text_at(action, "text", "text")),
            payload=text_at(action, "value"),
            sent_at=_seconds(text_at(action, "action_ts")),
            reply_to={"channel": channel, "thread_ts": thread},
        )
        for action in objects_at(payload, "actions")
        if person and channel and text_at(action, "value")
    ]


def _sender(team: str, person: str, channel: str, thread: str) -> str:
    """A person; in a thread of a channel, that person in that thread."""
    if channel.startswith("D"):
        return f"{team}/{person}"
    return f"{team}/{person}/{channel}/{thread}"


def _seconds(stamp: str) -> float:
    try:
        return float(stamp)
    except ValueError:
        return 0.0


def _plain(text: str) -> str:
    """What was typed, without Slack's marks for people and links."""
    text = _LINK.sub(lambda match: match[2] or match[1], _MENTION.sub(" ", text))
    return html.unescape(text).strip()


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _attachment(file: Dict[str, Any]) -> Attachment:
    mime = text_at(file, "mimetype")
    kind = mime.split("/", 1)[0]
    return Attachment(
        kind if kind in ("image", "audio", "video") else "file",
        id=text_at(file, "id"),
        url=text_at(file, "url_private"),
        name=text_at(file, "name"),
        mime=mime,
    )


def _where(call: Outgoing) -> Dict[str, Any]:
    """The channel and thread of the customer's last message, else the person."""
    place = call.recipient.split("/")
    channel = call.reply_to.get("channel") or (place[2] if place[2:] else place[-1])
    thread = call.reply_to.get("thread_ts") or (place[3] if place[3:] else "")
    return {"channel": channel, **({"thread_ts": thread} if thread else {})}


def _text(part: Text) -> List[Dict[str, Any]]:
    text, buttons = part.text, part.buttons
    if len(buttons) > MAX_BUTTONS or any(
        len(button.payload) > MAX_VALUE for button in buttons
    ):
        text, buttons = numbered(text, buttons), []
    calls: List[Dict[str, Any]] = [
        {"text": _escaped(piece)}
        for piece in split(text, MAX_TEXT, lambda piece: len(_escaped(piece)))
    ]
    if buttons:
        last = calls[-1]
        last["blocks"] = [_section(last["text"]), _actions(buttons)]
    return calls


def _section(text: str) -> Dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def _actions(buttons: List[Button]) -> Dict[str, Any]:
    elements = []
    for number, button in enumerate(buttons):
        title = shorten(button.title, MAX_BUTTON_TITLE)
        element: Dict[str, Any] = {
            "type": "button",
            "action_id": f"button_{number}",
            "text": {"type": "plain_text", "text": title, "emoji": True},
        }
        element["url" if button.url else "value"] = button.url or button.payload
        elements.append(element)
    return {"type": "actions", "elements": elements}


def _media(part: Media) -> Dict[str, Any]:
    name = part.caption or part.name
    text = _escaped("\n".join(filter(None, (name, part.url))))
    if part.kind != "image":
        return {"text": text}
    alt = shorten(name or "Picture", 2000)
    block = {"type": "image", "image_url": part.url, "alt_text": alt}
    return {"text": text, "blocks": [block]}


def _cards(cards: List[Card]) -> List[Dict[str, Any]]:
    """One message for all: a section each, its picture beside, its buttons below."""
    blocks: List[Dict[str, Any]] = []
    texts = []
    for card in cards:
        said = _escaped("\n".join(filter(None, (*card.lines, card.url))))
        title = _escaped(card.title)
        block = _section(split(f"*{title}*\n{said}", MAX_TEXT)[0])
        if card.image:
            block["accessory"] = {
                "type": "image",
                "image_url": card.image,
                "alt_text": shorten(card.title or "Picture", 2000),
            }
        blocks.append(block)
        texts.append(f"{title}\n{said}")
        if card.buttons:
            blocks.append(_actions(list(card.buttons)[:MAX_BUTTONS]))
    for number, block in enumerate(blocks):
        block["block_id"] = f"card_{number}"
    return [{"text": split("\n\n".join(texts), MAX_TEXT)[0], "blocks": blocks}]

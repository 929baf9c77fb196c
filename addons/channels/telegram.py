"""Telegram, by the Bot API.

| Telegram | |
| --- | --- |
| it sends | JSON `Update`, one a call: `message` (text, files, places), |
| | `callback_query` (a pressed button); edits and member notices are left out |
| event id | `update_id`; redelivered until it is answered 200, for 24 hours |
| verified by | `X-Telegram-Bot-Api-Secret-Token`, the text given to `setWebhook` |
| old calls | carry no signed time; a replay is known by its `update_id` |
| limits | text 4,096 and caption 1,024 UTF-16 units; 100 buttons; `callback_data` |
| | 64 bytes, so a longer payload travels as a token; 429 with `retry_after` |
| exactly once | no idempotency key, and a bot cannot read what it sent: a call of |
| | unknown outcome is repeated. Calls go one at a time, so that a crash |
| | leaves one such call |
| groups | each member of a group has a conversation of their own |
| source | core.telegram.org/bots/api: #update, #setwebhook, #sendmessage, |
| | #inlinekeyboardbutton, #responseparameters |
"""

import os
from typing import Any, Dict, List, Optional

from sanic.request import Request

from addons.channels.messages import (
    Attachment,
    Busy,
    Inbound,
    Option,
    Outgoing,
    Refused,
)
from addons.channels.messaging import MessagingInput
from addons.channels.parts import Button, Card, Cards, Location, Media, Part, Text
from addons.channels.splitting import shorten, split, utf16
from addons.channels.utterances import token
from addons.channels.vendor import Answer, VendorApi, check, is_same
from addons.channels.webhook import (
    Malformed,
    NotVerified,
    Received,
    at,
    objects_at,
    parse_object,
    text_at,
)

MAX_TEXT = 4096
MAX_CAPTION = 1024
MAX_BUTTONS = 100
MAX_BUTTON_TITLE = 64
MAX_CALLBACK_BYTES = 64
MAX_CARDS = 5  # each is a message of its own

_SEND = {
    "image": ("sendPhoto", "photo"),
    "audio": ("sendAudio", "audio"),
    "video": ("sendVideo", "video"),
    "file": ("sendDocument", "document"),
}
_FILES = {
    "document": "file",
    "audio": "audio",
    "voice": "audio",
    "video": "video",
    "video_note": "video",
    "animation": "video",
    "sticker": "image",
}


class TelegramInput(MessagingInput):
    """The Telegram channel of one bot."""

    options = (
        Option("bot_token", "the token that @BotFather gave you"),
        Option("secret_token", "a text of your choice, given to setWebhook"),
        Option("api_url", "the Bot API", "https://api.telegram.org"),
    )
    most_cards = MAX_CARDS
    in_flight = 1

    @classmethod
    def name(cls) -> str:
        return "telegram"

    def __init__(self, option: Dict[str, str], **keywords: Any) -> None:
        """The channel of the bot that `option["bot_token"]` names."""
        super().__init__(option, **keywords)
        self._api = VendorApi(f"{option['api_url']}/bot{option['bot_token']}")

    def verify(self, request: Request, body: bytes) -> None:
        given = request.headers.get("x-telegram-bot-api-secret-token", "")
        if not is_same(given, self.option["secret_token"]):
            raise NotVerified("X-Telegram-Bot-Api-Secret-Token is not ours.")

    def read(self, request: Request, body: bytes) -> Received:
        update = parse_object(body)
        if not text_at(update, "update_id"):
            raise Malformed("The update has no 'update_id'.")
        event = _message(update) or _pressed(update)
        return Received([event] if event else [])

    def render(self, part: Part) -> List[Dict[str, Any]]:
        if isinstance(part, Text):
            return _text(part.text, part.buttons)
        if isinstance(part, Media):
            return [_media(part, [])]
        if isinstance(part, Location):
            return [_location(part)]
        assert isinstance(part, Cards)
        return [call for card in part.cards[:MAX_CARDS] for call in _card(card)]

    async def send(self, call: Outgoing) -> str:
        method, content = call.call["method"], dict(call.call["content"])
        content.update(_where(call))
        try:
            answer = await self._post(method, content)
        except Refused as error:
            link = content.get(call.call.get("link", ""))
            if not link or "URL" not in str(error):
                raise
            # Telegram cannot fetch the file: the customer gets its address.
            text = "\n".join(filter(None, (content.get("caption"), link)))
            answer = await self._post("sendMessage", {"text": text, **_where(call)})
        return text_at(answer.body, "result", "message_id")

    async def show_typing(self, inbound: Inbound) -> None:
        pressed = inbound.metadata.get("callback_query_id")
        if pressed:  # until it is answered, the button shows a progress bar
            await self._post("answerCallbackQuery", {"callback_query_id": pressed})
        place = {"chat_id": inbound.reply_to["chat_id"], "action": "typing"}
        await self._post("sendChatAction", place)

    async def probe(self) -> List[str]:
        answer = await self._api.get("/getMe")
        if answer.status in (401, 404):
            return [f"Telegram refuses {self.variable('bot_token')}."]
        check(answer)
        info = (await self._api.get("/getWebhookInfo")).body.get("result") or {}
        public = os.environ.get("FRONTDESK_PUBLIC_URL", "").rstrip("/")
        ours = f"{public}/webhooks/{self.name()}/webhook"
        if info.get("url") != ours:
            return [
                f"Telegram's webhook is {info.get('url', '')!r}, not {ours!r}. "
                "Call setWebhook as docs/channels/telegram.md shows."
            ]
        failed = info.get("last_error_message")
        return [f"Telegram's last call of the webhook failed: {failed}"] * bool(failed)

    async def closed(self) -> None:
        await self._api.close()

    async def _post(self, method: str, content: Dict[str, Any]) -> Answer:
        """Telegram's answer of success.

        Raises:
            SendError: It is another one.
        """
        answer = await self._api.post(f"/{method}", json=content)
        reason = text_at(answer.body, "description")
        seconds = text_at(answer.body, "parameters", "retry_after")
        if answer.status == 429 and seconds:
            raise Busy(f"Telegram asks to slow down: {reason}", float(seconds))
        check(answer, reason)
        if answer.body.get("ok") is not True:
            raise Refused(f"Telegram answered without 'ok': {reason}")
        return answer


def _message(update: Dict[str, Any]) -> Optional[Inbound]:
    message = update.get("message")
    person = text_at(message, "from", "id")
    if not person or at(message, "from", "is_bot") is True:
        return None
    attachments = _attachments(message)
    text = text_at(message, "text") or text_at(message, "caption")
    if at(message, "location"):
        text = _place(message)
    if not text and not attachments:
        return None  # a notice: somebody joined, a title changed
    reply_to = _reply_to(message)
    return Inbound(
        event_id=text_at(update, "update_id"),
        sender=_sender(reply_to, person),
        text=_started(text),
        attachments=attachments,
        sent_at=float(text_at(message, "date") or 0),
        reply_to=reply_to,
    )


def _pressed(update: Dict[str, Any]) -> Optional[Inbound]:
    query = update.get("callback_query")
    person = text_at(query, "from", "id")
    message = at(query, "message")
    if not person or not text_at(message, "chat", "id"):
        return None
    data = text_at(query, "data")
    title = data
    rows = at(message, "reply_markup", "inline_keyboard")
    for row in rows if isinstance(rows, list) else []:
        for button in objects_at({"row": row}, "row"):
            if button.get("callback_data") == data:
                title = text_at(button, "text")
    reply_to = _reply_to(message)
    return Inbound(
        event_id=text_at(update, "update_id"),
        sender=_sender(reply_to, person),
        text=title,
        payload=data,
        reply_to=reply_to,
        metadata={"callback_query_id": text_at(query, "id")},
    )


def _reply_to(message: Any) -> Dict[str, Any]:
    """The chat; in a group also the message, so that all see who is answered."""
    found: Dict[str, Any] = {"chat_id": at(message, "chat", "id")}
    if text_at(message, "chat", "type") != "private":
        found["message_id"] = at(message, "message_id")
        if at(message, "is_topic_message") is True:
            found["message_thread_id"] = at(message, "message_thread_id")
    return found


def _sender(reply_to: Dict[str, Any], person: str) -> str:
    chat = str(reply_to["chat_id"])
    return chat if chat == person else f"{chat}/{person}"


def _started(text: str) -> str:
    """Telegram itself says "/start" for a customer who opens the bot."""
    command, _, rest = text.partition(" ")
    return (rest.strip() or "Hello") if command == "/start" else text


def _attachments(message: Any) -> List[Attachment]:
    found = []
    sizes = objects_at(message, "photo")
    if sizes:
        found.append(Attachment("image", text_at(sizes[-1], "file_id")))
    for field, kind in _FILES.items():
        if isinstance(at(message, field), dict) and not found:
            found.append(
                Attachment(
                    kind,
                    id=text_at(message, field, "file_id"),
                    name=text_at(message, field, "file_name"),
                    mime=text_at(message, field, "mime_type"),
                )
            )
    return found


def _place(message: Any) -> str:
    place = message["location"]
    named = ", ".join(
        filter(
            None,
            (text_at(message, "venue", "title"), text_at(message, "venue", "address")),
        )
    )
    coordinates = f"{at(place, 'latitude')}, {at(place, 'longitude')}"
    return f"My location is {coordinates}" + (f" ({named})" if named else "")


def _where(call: Outgoing) -> Dict[str, Any]:
    chat = call.reply_to.get("chat_id") or call.recipient.split("/", 1)[0]
    found: Dict[str, Any] = {"chat_id": chat}
    if "message_id" in call.reply_to:
        found["reply_parameters"] = {
            "message_id": call.reply_to["message_id"],
            "allow_sending_without_reply": True,
        }
    if "message_thread_id" in call.reply_to:
        found["message_thread_id"] = call.reply_to["message_thread_id"]
    return found


def _text(text: str, buttons: List[Button]) -> List[Dict[str, Any]]:
    calls = [
        {
            "method": "sendMessage",
            "content": {"text": piece, "link_preview_options": {"is_disabled": True}},
        }
        for piece in split(text, MAX_TEXT, utf16)
    ]
    if buttons:
        calls[-1]["content"].update(_keyboard(buttons))  # type: ignore[attr-defined]
    return calls


def _keyboard(buttons: List[Button]) -> Dict[str, Any]:
    rows = []
    for button in buttons[:MAX_BUTTONS]:
        key = {"text": shorten(button.title, MAX_BUTTON_TITLE)}
        if button.url:
            key["url"] = button.url
        elif len(button.payload.encode()) <= MAX_CALLBACK_BYTES:
            key["callback_data"] = button.payload
        else:
            key["callback_data"] = token(button.payload)
        rows.append([key])
    return {"reply_markup": {"inline_keyboard": rows}}


def _media(part: Media, buttons: List[Button]) -> Dict[str, Any]:
    method, field = _SEND[part.kind]
    content: Dict[str, Any] = {field: part.url}
    if part.caption or part.name:
        content["caption"] = split(part.caption or part.name, MAX_CAPTION, utf16)[0]
    if buttons:
        content.update(_keyboard(buttons))
    return {"method": method, "content": content, "link": field}


def _location(part: Location) -> Dict[str, Any]:
    content = {"latitude": part.latitude, "longitude": part.longitude}
    if not (part.name and part.address):
        return {"method": "sendLocation", "content": content}
    named = {"title": part.name, "address": part.address}
    return {"method": "sendVenue", "content": {**content, **named}}


def _card(card: Card) -> List[Dict[str, Any]]:
    text = "\n".join(filter(None, (card.title, *card.lines, card.url)))
    buttons = list(card.buttons)
    if card.image:
        return [_media(Media("image", card.image, caption=text), buttons)]
    return _text(text, buttons)

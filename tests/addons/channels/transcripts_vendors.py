"""What a customer does on each channel, and what they see there, for `transcripts`.

A channel is `Chat` with what is special about its vendor, or `Mail`. What is seen
comes from the calls that the vendor's strict fake took, not from what we meant to send.
"""

import asyncio
from dataclasses import dataclass
from typing import Any

import aiohttp

from tests.addons.channels.cases import meta, slack, telegram, twilio, webhook, whatsapp
from tests.addons.channels.test_mail_letter import OWN, SERVER, mail, with_file
from tests.fakes_mail import FakeImap, FakeSmtp
from tests.fakes_messaging import Case, Delivery, Message

QUIET_S = 2.0  # no more answers after that long without one
LATE_S = 120.0
PICTURE = "https://cdn.example/leak.jpg"


@dataclass(frozen=True)
class Button:
    """A button that a customer sees, with what the vendor calls back with."""

    title: str
    payload: str


Seen = list[str | Button]  # of one message, from top to bottom


class Chat:
    """A channel whose vendor calls a webhook, as `say`, `press` and `picture` do."""

    case: Case
    has_cards = True

    def __init__(self) -> None:
        self.name = self.case.name
        self.vendor = self.case.vendor()
        self.customer = self.case.customer(1)

    async def start(self) -> dict[str, str]:
        """The environment of a server that uses the fake."""
        await self.vendor.start()
        channel = self.case.channel(self.vendor.url)
        return {channel.variable(name): value for name, value in channel.option.items()}

    async def stop(self) -> None:
        await self.vendor.stop()

    @property
    def wrong(self) -> list[str]:
        """The calls that the fake refused."""
        return self.vendor.refused

    async def do(self, port: int, call: Any) -> list[Seen]:
        """Let the vendor make a call; what the customer is shown then."""
        shown = self.vendor.shown[self.customer]
        before = known = len(shown)
        url = f"http://127.0.0.1:{port}/webhooks/{self.name}/webhook"
        async with (
            aiohttp.ClientSession() as session,
            session.post(url, data=call.body, headers=call.headers) as reply,
        ):
            assert reply.status == 200, await reply.text()
        waited = quiet = 0.0
        while quiet < QUIET_S or known == before:
            await asyncio.sleep(0.1)
            waited, quiet = waited + 0.1, quiet + 0.1
            if len(shown) > known:
                known, quiet = len(shown), 0.0
            assert waited < LATE_S, "no answer came"
        return [self.sees(message) for message in shown[before:]]

    def say(self, number: int, words: str) -> Delivery:
        [call] = self.case.deliver([Message(number, 1, words)])
        return call

    def press(self, number: int, button: Button) -> Delivery:
        raise NotImplementedError

    def picture(self, number: int) -> Delivery:
        raise NotImplementedError

    def sees(self, message: dict[str, Any]) -> Seen:
        raise NotImplementedError


def lines(text: str) -> Seen:
    return list(text.splitlines())


def photograph(url: str) -> Seen:
    return [f"(picture {url})"] if url else []


class WhatsApp(Chat):
    case = whatsapp.CASE

    def press(self, number: int, button: Button) -> Delivery:
        reply = {"id": button.payload, "title": button.title}
        interactive = {"type": "button_reply", "button_reply": reply}
        return self._call(number, "interactive", interactive)

    def picture(self, number: int) -> Delivery:
        image = {"id": "1003383421387256", "mime_type": "image/jpeg"}
        return self._call(number, "image", image)

    def _call(self, number: int, kind: str, content: dict[str, Any]) -> Delivery:
        message = whatsapp.text_message(Message(number, 1, ""))
        del message["text"]
        message |= {"type": kind, kind: content}
        return whatsapp.signed(whatsapp.envelope(messages=[message]))

    def sees(self, message: dict[str, Any]) -> Seen:
        kind = message["type"]
        content = message[kind]
        if kind == "text":
            return lines(content["body"])
        if kind == "image":
            return photograph(content["link"]) + lines(content.get("caption", ""))
        assert kind == "interactive", kind
        picture = content.get("header", {}).get("image", {}).get("link", "")
        action = content["action"]
        choices = [button["reply"] for button in action.get("buttons", [])]
        for section in action.get("sections", []):
            choices += section["rows"]
        buttons = [Button(one["title"], one["id"]) for one in choices]
        return photograph(picture) + lines(content["body"]["text"]) + buttons


class Telegram(Chat):
    case = telegram.CASE

    def press(self, number: int, button: Button) -> Delivery:
        person = int(self.customer)
        key = {"text": button.title, "callback_data": button.payload}
        message = telegram.said(person, text="")
        message["reply_markup"] = {"inline_keyboard": [[key]]}
        query = {
            "id": str(number),
            "from": {"id": person, "is_bot": False},
            "message": message,
            "data": button.payload,
        }
        return telegram.update(number + 1, callback_query=query)

    def picture(self, number: int) -> Delivery:
        message = telegram.said(int(self.customer), photo=[{"file_id": "1"}])
        return telegram.update(number + 1, message=message)

    def sees(self, message: dict[str, Any]) -> Seen:
        seen = photograph(message.get("photo", ""))
        seen += lines(message.get("text") or message.get("caption", ""))
        rows = message.get("reply_markup", {}).get("inline_keyboard", [])
        keys = [key for row in rows for key in row]
        return seen + [Button(key["text"], key["callback_data"]) for key in keys]


class Slack(Chat):
    case = slack.CASE

    def press(self, number: int, button: Button) -> Delivery:
        action = {
            "type": "button",
            "action_id": "button_0",
            "action_ts": f"{number}.5",
            "text": {"type": "plain_text", "text": button.title},
            "value": button.payload,
        }
        payload = {
            "type": "block_actions",
            "user": {"id": f"U{1:06d}"},
            "team": {"id": slack.TEAM},
            "channel": {"id": self.customer},
            "message": {"ts": "1.1"},
            "actions": [action],
        }
        return slack.pressed(payload)

    def picture(self, number: int) -> Delivery:
        file = {"id": "F1", "name": "leak.jpg", "mimetype": "image/jpeg"}
        content = slack.direct(Message(number, 1, ""))
        return slack.event(number, **content, subtype="file_share", files=[file])

    def sees(self, message: dict[str, Any]) -> Seen:
        if "blocks" not in message:
            return lines(message["text"])
        seen: Seen = []
        for block in message["blocks"]:
            if block["type"] == "section":
                seen += [""] if seen else []
                beside = block.get("accessory", {}).get("image_url", "")
                seen += photograph(beside) + lines(block["text"]["text"])
            elif block["type"] == "image":
                seen += photograph(block["image_url"])
            for one in block.get("elements", []):
                seen.append(Button(one["text"]["text"], one["value"]))
        return seen


class Meta(Chat):
    case = meta.CASE

    def press(self, number: int, button: Button) -> Delivery:
        pressed = {"title": button.title, "payload": button.payload}
        event = meta.event(self.customer, postback={"mid": f"m_{number}", **pressed})
        return meta.signed(meta.envelope(event))

    def picture(self, number: int) -> Delivery:
        image = {"type": "image", "payload": {"url": PICTURE}}
        message = {"mid": f"m_{number}", "attachments": [image]}
        return meta.signed(meta.envelope(meta.event(self.customer, message=message)))

    def sees(self, message: dict[str, Any]) -> Seen:
        payload = message.get("attachment", {}).get("payload", {})
        seen = lines(message.get("text", "")) + photograph(payload.get("url", ""))
        for card in payload.get("elements", []):
            seen += [""] if seen else []
            seen += photograph(card.get("image_url", ""))
            seen += filter(None, (card["title"], card.get("subtitle")))
            if "default_action" in card:
                seen.append(f"(opens {card['default_action']['url']})")
            seen += [Button(one["title"], one["payload"]) for one in card["buttons"]]
        replies = message.get("quick_replies", [])
        return seen + [Button(one["title"], one["payload"]) for one in replies]


class Twilio(Chat):
    case = twilio.CASE
    has_cards = False

    def picture(self, number: int) -> Delivery:
        file = {"MediaUrl0": PICTURE, "MediaContentType0": "image/jpeg"}
        form = twilio.fields(Message(number, 1, ""), NumMedia="1", **file)
        return twilio.signed(form)

    def sees(self, message: dict[str, Any]) -> Seen:
        return photograph(message.get("MediaUrl", "")) + lines(message["Body"])


class Webhook(Chat):
    case = webhook.CASE

    def press(self, number: int, button: Button) -> Delivery:
        said = Message(number, 1, button.title)
        return webhook.signed(webhook.content(said, payload=button.payload))

    def picture(self, number: int) -> Delivery:
        file = {"kind": "image", "url": PICTURE}
        said = Message(number, 1, "")
        return webhook.signed(webhook.content(said, attachments=[file]))

    def sees(self, message: dict[str, Any]) -> Seen:
        seen = lines(message.get("text", "")) + photograph(message.get("url", ""))
        buttons = message.get("buttons", [])
        for card in message.get("cards", []):
            seen += [""] if seen else []
            seen += [*photograph(card["image"]), card["title"], *card["lines"]]
            seen += [card["url"]] if card["url"] else []
            seen += [Button(one["title"], one["payload"]) for one in card["buttons"]]
        return seen + [Button(one["title"], one["payload"]) for one in buttons]


class Mail:
    """One thread, in which each mail answers the one before."""

    name = "email"
    has_cards = False

    def __init__(self) -> None:
        self.imap, self.smtp = FakeImap(OWN, "secret"), FakeSmtp(OWN, "secret")
        self.thread = {"Subject": "A question about my kettle"}

    async def start(self) -> dict[str, str]:
        """The environment of a server that uses the fakes."""
        await self.imap.start()
        await self.smtp.start()
        options = {
            "ADDRESS": OWN,
            "PASSWORD": "secret",
            "AUTHSERV_ID": SERVER,
            "IMAP_HOST": "127.0.0.1",
            "IMAP_PORT": str(self.imap.port),
            "IMAP_SECURITY": "none",
            "SMTP_HOST": "127.0.0.1",
            "SMTP_PORT": str(self.smtp.port),
            "SMTP_SECURITY": "none",
            "POLL_S": "1",
        }
        return {f"FRONTDESK_MAIL_{name}": value for name, value in options.items()}

    async def stop(self) -> None:
        await self.imap.stop()
        await self.smtp.stop()

    @property
    def wrong(self) -> list[str]:
        """The commands that the fakes refused."""
        return self.imap.wrong + self.smtp.wrong

    async def do(self, port: int, call: Any) -> list[Seen]:
        """Let a mail arrive; the answers to it."""
        before, waited = len(self.smtp.sent), 0.0
        self.imap.put(call)
        while len(self.smtp.sent) == before or waited < QUIET_S:
            await asyncio.sleep(0.1)
            waited += 0.1
            assert waited < LATE_S, "no answer came"
        last = self.smtp.sent[-1]
        self.thread = {"Subject": last["Subject"], "In_Reply_To": last["Message-ID"]}
        return [self.sees(answer) for answer in self.smtp.sent[before:]]

    def say(self, number: int, words: str) -> bytes:
        return mail(words, Message_ID=f"<{number}@a.example>", **self.thread)

    def press(self, number: int, button: Button) -> bytes:
        raise NotImplementedError

    def picture(self, number: int) -> bytes:
        headers = {"Message_ID": f"<{number}@a.example>", **self.thread}
        return with_file("", "leak.png", **headers)

    def sees(self, answer: Any) -> Seen:
        body = answer.get_payload(decode=True).decode().replace("\r\n", "\n")
        if answer is self.smtp.sent[0]:
            return [f"Subject: {answer['Subject']}", *lines(body.strip())]
        return lines(body.partition("\n\n")[2].strip())


CHANNELS = (WhatsApp, Telegram, Slack, Meta, Twilio, Mail, Webhook)

"""A conversation with the whole assistant on WhatsApp, Telegram and Slack.

    .venv-rasa/bin/python -m tests.addons.channels.transcripts_chat [MODEL]

As in `transcripts`, what the strict fake of a vendor was given is written into its
guide, not what we meant to send. Here buttons are pressed, by the vendor's own call.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import aiohttp

from tests.addons.channels.cases import slack, telegram, whatsapp
from tests.addons.channels.transcripts import _until_quiet, _write
from tests.fakes_messaging import Case, Delivery, Message, Vendor

CASES = [whatsapp.CASE, telegram.CASE, slack.CASE]
PRESS, SEND_PICTURE = "(presses the first button)", "(sends a picture)"


def script(order: str, email: str) -> list[str]:
    """What the customer says or does."""
    return [
        "How long do I have to return a kettle?",
        "where is my order",
        order,
        email,
        "I'm looking for a quiet kettle",
        PRESS,
        SEND_PICTURE,
    ]


async def main(model: str = "") -> None:
    vendors = {case.name: case.vendor() for case in CASES}
    environ = dict(os.environ)
    for case in CASES:
        vendor = vendors[case.name]
        await vendor.start()
        channel = case.channel(vendor.url)
        for option, value in channel.option.items():
            environ[channel.variable(option)] = value
    with tempfile.TemporaryDirectory() as folder:
        host = subprocess.Popen(
            [".venv/bin/python", "-m", "tests.addons.channels.host", folder, model],
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert host.stdin is not None and host.stdout is not None
        try:
            ready = json.loads(await asyncio.to_thread(host.stdout.readline))
            lines = script(ready["order"], ready["email"])
            for case in CASES:
                await play(case, vendors[case.name], ready["port"], lines)
        finally:
            host.stdin.close()
            host.wait()
            for vendor in vendors.values():
                await vendor.stop()


async def play(case: Case, vendor: Vendor, port: int, lines: list[str]) -> None:
    """Hold the conversation and write it into the channel's guide."""
    customer = case.customer(1)
    written: list[str] = []
    url = f"http://127.0.0.1:{port}/webhooks/{case.name}/webhook"
    async with aiohttp.ClientSession() as session:
        for number, words in enumerate(lines, 1):
            before = len(vendor.shown[customer])
            call = _call(case, vendor.shown[customer], Message(number, 1, words))
            async with session.post(url, data=call.body, headers=call.headers) as reply:
                assert reply.status == 200, await reply.text()
            await _until_quiet(vendor, customer, before)
            written.append(f"Customer: {words}")
            for message in vendor.shown[customer][before:]:
                first, *rest = _lines(case.name, message)
                written += [
                    f"Shop:     {first}",
                    *(f"          {line}" for line in rest),
                ]
            written.append("")
    assert vendor.refused == [], vendor.refused
    guide = Path(f"docs/channels/{case.name}.md")
    _write(guide, written)
    text = guide.read_text("utf-8").replace(".transcripts`", ".transcripts_chat`")
    guide.write_text(text, "utf-8")
    print(f"{case.name}: {len(vendor.shown[customer])} messages", flush=True)


def _call(case: Case, shown: list[dict[str, Any]], one: Message) -> Delivery:
    if one.text == SEND_PICTURE:
        return _picture(case.name, one)
    if one.text == PRESS:
        for message in reversed(shown):
            if buttons := _buttons(case.name, message):
                return _press(case.name, one, *buttons[0])
    [call] = case.deliver([one])
    return call


def _buttons(name: str, message: dict[str, Any]) -> list[tuple[str, str]]:
    """Title and payload of each button of a message."""
    if name == "whatsapp":
        action = message.get("interactive", {}).get("action", {})
        rows = [row for part in action.get("sections", []) for row in part["rows"]]
        replies = [button["reply"] for button in action.get("buttons", [])]
        return [(one["title"], one["id"]) for one in replies + rows]
    if name == "telegram":
        rows = message.get("reply_markup", {}).get("inline_keyboard", [])
        keys = [key for row in rows for key in row]
        return [(key["text"], key.get("callback_data", "")) for key in keys]
    elements = [
        element
        for block in message.get("blocks", [])
        for element in block.get("elements", [])
    ]
    return [(one["text"]["text"], one.get("value", "")) for one in elements]


def _press(name: str, one: Message, title: str, payload: str) -> Delivery:
    if name == "whatsapp":
        reply = {
            "type": "button_reply",
            "button_reply": {"id": payload, "title": title},
        }
        message = whatsapp.text_message(one)
        message |= {"type": "interactive", "interactive": reply}
        return whatsapp.signed(whatsapp.envelope(messages=[message]))
    if name == "telegram":
        key = {"text": title, "callback_data": payload}
        message = telegram.said(int(telegram.customer(1)), text="")
        message["reply_markup"] = {"inline_keyboard": [[key]]}
        query = {
            "id": "1",
            "from": {"id": int(telegram.customer(1)), "is_bot": False},
            "message": message,
            "data": payload,
        }
        return telegram.update(one.number + 1, callback_query=query)
    text = {"type": "plain_text", "text": title}
    action = {"action_id": "button_0", "action_ts": "1.5", "value": payload}
    return slack.pressed(
        {
            "type": "block_actions",
            "user": {"id": f"U{1:06d}"},
            "team": {"id": slack.TEAM},
            "channel": {"id": slack.customer(1)},
            "message": {"ts": "1.1"},
            "actions": [{**action, "type": "button", "text": text}],
        }
    )


def _picture(name: str, one: Message) -> Delivery:
    if name == "whatsapp":
        message = whatsapp.text_message(one)
        image = {"id": "1003383421387256", "mime_type": "image/jpeg"}
        message |= {"type": "image", "image": image}
        return whatsapp.signed(whatsapp.envelope(messages=[message]))
    if name == "telegram":
        message = telegram.said(int(telegram.customer(1)), photo=[{"file_id": "1"}])
        return telegram.update(one.number + 1, message=message)
    file = {"id": "F1", "name": "leak.jpg", "mimetype": "image/jpeg"}
    content = {**slack.direct(Message(one.number, 1, "")), "subtype": "file_share"}
    return slack.event(one.number, **content, files=[file])


def _lines(name: str, message: dict[str, Any]) -> list[str]:
    """A message as a customer would see it, a line for each thing."""
    if name == "whatsapp" and message["type"] == "interactive":
        content = message["interactive"]
        lines = content["body"]["text"].splitlines()
        if "header" in content:
            lines.insert(0, "(picture)")
    elif name == "slack" and "blocks" in message:
        sections = [one["text"]["text"] for one in message["blocks"] if "text" in one]
        lines = [line for text in sections for line in text.splitlines()]
    else:
        kinds = ("photo", "image")
        lines = ["(picture)"] * any(kind in message for kind in kinds)
        text = message.get("text", "")
        caption = message.get("caption") or message.get("image", {}).get("caption")
        said = text["body"] if isinstance(text, dict) else text or caption or ""
        lines += said.splitlines()
    return [*lines, *(f"[{title}]" for title, _ in _buttons(name, message))] or ["?"]


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))

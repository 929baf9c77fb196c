"""A conversation with the whole assistant on each channel, written into its guide.

    .venv-rasa/bin/python -m tests.addons.channels.transcripts [MODEL [NAME...]]

Vendors are the strict fakes of `cases`. What a vendor was given is written down, not
what we meant to send; a guide's section "A conversation" is replaced.
"""

import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import aiohttp

from tests.addons.channels.cases import meta, twilio, webhook
from tests.addons.channels.test_mail_letter import OWN, SERVER, mail, with_file
from tests.fakes_mail import FakeImap, FakeSmtp
from tests.fakes_messaging import Delivery, Message, Vendor

QUIET_S = 2.0  # no more answers after that long without one
HEADING = "## A conversation"
PICTURE = "https://cdn.example/leak.jpg"
PRESS, SEND_PICTURE = "(presses the first button)", "(sends a picture)"


def script(order: str, email: str) -> list[str]:
    """What the customer says or does."""
    return [
        "How much is delivery?",
        "where is my order",
        order,
        email,
        "I'm looking for a quiet kettle",
        PRESS,
        SEND_PICTURE,
    ]


def main(model: str = "", *names: str) -> None:
    asyncio.run(_all(model, names or ("meta", "twilio", "webhook", "mail")))


async def _all(model: str, names: Sequence[str]) -> None:
    vendors: dict[str, Vendor] = {
        "meta": meta.Meta(),
        "twilio": twilio.Twilio(),
        "webhook": webhook.System(),
    }
    imap, smtp = FakeImap(OWN, "secret"), FakeSmtp(OWN, "secret")
    for server in (*vendors.values(), imap, smtp):
        await server.start()
    with tempfile.TemporaryDirectory() as folder:
        host = subprocess.Popen(
            [".venv/bin/python", "-m", "tests.addons.channels.host", folder, model],
            env={**os.environ, **_variables(vendors), **_of_mail(imap, smtp)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert host.stdin is not None and host.stdout is not None
        try:
            ready = json.loads(await asyncio.to_thread(host.stdout.readline))
            lines = script(ready["order"], ready["email"])
            for name, vendor in vendors.items():
                if name in names:
                    await _play(name, vendor, ready["port"], lines)
            if "mail" in names:
                await _play_mail(imap, smtp, lines)
        finally:
            host.stdin.close()
            host.wait()
            for server in (*vendors.values(), imap, smtp):
                await server.stop()


def _variables(vendors: dict[str, Vendor]) -> dict[str, str]:
    return {
        "FRONTDESK_META_PAGE_TOKEN": meta.TOKEN,
        "FRONTDESK_META_APP_SECRET": meta.SECRET,
        "FRONTDESK_META_VERIFY_TOKEN": "chosen",
        "FRONTDESK_META_API_URL": f"{vendors['meta'].url}/v25.0",
        "FRONTDESK_TWILIO_ACCOUNT_SID": twilio.ACCOUNT,
        "FRONTDESK_TWILIO_AUTH_TOKEN": twilio.TOKEN,
        "FRONTDESK_TWILIO_WEBHOOK_URL": twilio.URL,
        "FRONTDESK_TWILIO_API_URL": vendors["twilio"].url,
        "FRONTDESK_WEBHOOK_SECRET": webhook.SECRET,
        "FRONTDESK_WEBHOOK_REPLY_URL": f"{vendors['webhook'].url}/replies",
    }


def _of_mail(imap: FakeImap, smtp: FakeSmtp) -> dict[str, str]:
    return {
        "FRONTDESK_MAIL_ADDRESS": OWN,
        "FRONTDESK_MAIL_PASSWORD": "secret",
        "FRONTDESK_MAIL_AUTHSERV_ID": SERVER,
        "FRONTDESK_MAIL_IMAP_HOST": "127.0.0.1",
        "FRONTDESK_MAIL_IMAP_PORT": str(imap.port),
        "FRONTDESK_MAIL_IMAP_SECURITY": "none",
        "FRONTDESK_MAIL_SMTP_HOST": "127.0.0.1",
        "FRONTDESK_MAIL_SMTP_PORT": str(smtp.port),
        "FRONTDESK_MAIL_SMTP_SECURITY": "none",
        "FRONTDESK_MAIL_POLL_S": "1",
    }


async def _play_mail(imap: FakeImap, smtp: FakeSmtp, lines: list[str]) -> None:
    """One thread: each mail answers the one before."""
    written: list[str] = []
    thread: dict[str, str] = {"Subject": "A question"}
    for number, words in enumerate(lines):
        if words == PRESS:  # has no buttons
            continue
        thread["Message_ID"] = f"<{number}@a.example>"
        picture = words == SEND_PICTURE
        content = mail("" if picture else words, **thread)
        imap.put(with_file("", "leak.jpg", **thread) if picture else content)
        before, waited = len(smtp.sent), 0
        while len(smtp.sent) == before:
            await asyncio.sleep(0.1)
            waited += 1
            assert waited < 300, "no answer came"
        answer = smtp.sent[-1]
        body = answer.get_payload(decode=True).decode().replace("\r\n", "\n")
        first, *rest = body.partition("\n\n")[2].strip().splitlines()
        written += [f"Customer: {words}", f"Shop:     {first}"]
        written += [f"          {line}".rstrip() for line in rest] + [""]
        thread = {"Subject": answer["Subject"], "In_Reply_To": answer["Message-ID"]}
    assert (imap.wrong, smtp.wrong) == ([], [])
    _write(Path("docs/channels/email.md"), written)
    print(f"mail: {len(smtp.sent)} messages")


async def _play(name: str, vendor: Vendor, port: int, lines: list[str]) -> None:
    case = {"meta": meta.CASE, "twilio": twilio.CASE, "webhook": webhook.CASE}[name]
    customer = case.customer(1)
    written: list[str] = []
    async with aiohttp.ClientSession() as session:
        for number, words in enumerate(lines, 1):
            before = len(vendor.shown[customer])
            if words == PRESS and name == "twilio":  # has no buttons
                continue
            [call] = case.deliver([Message(number, 1, words)])
            if words == PRESS:
                call = _press(name, number, vendor.shown[customer][-1])
            elif words == SEND_PICTURE:
                call = _picture(name, number)
            url = f"http://127.0.0.1:{port}/webhooks/{name}/webhook"
            async with session.post(url, data=call.body, headers=call.headers) as reply:
                assert reply.status == 200, await reply.text()
            await _until_quiet(vendor, customer, before)
            written.append(f"Customer: {words}")
            for message in vendor.shown[customer][before:]:
                written += _shown(name, message)
            written.append("")
    assert vendor.refused == [], vendor.refused
    _write(Path(f"docs/channels/{name}.md"), written)
    print(f"{name}: {len(vendor.shown[customer])} messages")


def _press(name: str, number: int, message: dict[str, Any]) -> Delivery:
    """The call for the first button of the first card."""
    if name == "meta":
        card = message["attachment"]["payload"]["elements"][0]
        button = {key: card["buttons"][0][key] for key in ("title", "payload")}
        postback = {"mid": f"m_{number}", **button}
        event = meta.event(meta.customer(1), postback=postback)
        return meta.signed(meta.envelope(event))
    button = message["cards"][0]["buttons"][0]
    said = Message(number, 1, button["title"])
    return webhook.signed(webhook.content(said, payload=button["payload"]))


def _picture(name: str, number: int) -> Delivery:
    if name == "meta":
        image = {"type": "image", "payload": {"url": PICTURE}}
        message = {"mid": f"m_{number}", "attachments": [image]}
        event = meta.event(meta.customer(1), message=message)
        return meta.signed(meta.envelope(event))
    if name == "twilio":
        file = {
            "NumMedia": "1",
            "MediaUrl0": PICTURE,
            "MediaContentType0": "image/jpeg",
        }
        return twilio.signed(twilio.fields(Message(number, 1, ""), **file))
    file = {"kind": "image", "url": PICTURE}
    content = webhook.content(Message(number, 1, ""), attachments=[file])
    return webhook.signed(content)


async def _until_quiet(vendor: Vendor, customer: str, before: int) -> None:
    waited, known = 0.0, before
    while waited < QUIET_S or len(vendor.shown[customer]) == before:
        await asyncio.sleep(0.1)
        waited += 0.1
        if len(vendor.shown[customer]) > known:
            waited, known = 0.0, len(vendor.shown[customer])
        assert waited < 30, "no answer came"


def _shown(name: str, message: dict[str, Any]) -> list[str]:
    """A message as a customer would see it, a line for each thing."""
    if name == "meta":
        lines = (message.get("text") or "").splitlines()
        titles = [one["title"] for one in message.get("quick_replies", [])]
        cards = message.get("attachment", {}).get("payload", {}).get("elements", [])
    elif name == "twilio":
        lines, titles, cards = message["Body"].splitlines(), [], []
    else:
        lines = (message.get("text") or "").splitlines()
        titles = [one["title"] for one in message.get("buttons", [])]
        cards = message.get("cards", [])
    for card in cards:
        under = card.get("subtitle") or " · ".join(card.get("lines", []))
        lines.append(f"| {card['title']} | {under}")
        lines += [f"|   [{one['title']}]" for one in card.get("buttons", [])]
    lines += [f"[{title}]" for title in titles]
    first, *rest = lines or ["(a file)"]
    return [f"Shop:     {first}", *(f"          {line}".rstrip() for line in rest)]


def _write(guide: Path, written: list[str]) -> None:
    """Put the conversation at the end of a guide."""
    text = guide.read_text("utf-8").partition(f"\n{HEADING}\n")[0].rstrip()
    said = re.sub(r"\n+$", "", "\n".join(written))
    made = "`.venv-rasa/bin/python -m tests.addons.channels.transcripts`"
    intro = f"With the demo shop and a vendor on this machine, written by {made}."
    guide.write_text(f"{text}\n\n{HEADING}\n\n{intro}\n\n```\n{said}\n```\n", "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])

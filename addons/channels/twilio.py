"""SMS and WhatsApp, by Twilio's Programmable Messaging.

| Twilio | |
| --- | --- |
| it sends | a form for each message: `From`, `To`, `Body`, `MessageSid`, `MediaUrl0`, |
| | `ButtonPayload`, `Latitude`; and status callbacks, which are ignored |
| event id | `MessageSid`; sent again when we do not answer |
| verified by | `X-Twilio-Signature`: base64 of HMAC-SHA1, keyed with the auth token, |
| | over the URL as entered at Twilio and every name and value, sorted by name |
| old calls | carry no time; a replay is known by its event id |
| limits | 1,600 characters; one file a message on WhatsApp; no buttons (a numbered |
| | list instead, answered by number), cards or places |
| 24 hours | on WhatsApp nothing but templates after that; SMS has no such limit |
| exactly once | no idempotency key: a call of unknown outcome is looked up among the |
| | messages to that customer |
| stop words | `OptOutType` marks what Twilio itself has answered (STOP, HELP) |
| source | www.twilio.com/docs: messaging/guides/webhook-request, usage/security, |
| | messaging/api/message-resource, api/errors/63016, api/errors/21617 |
"""

import base64
import email.utils
import hashlib
import hmac
import os
import time
from typing import Any, Dict, List
from urllib.parse import parse_qsl, urlsplit

import aiohttp
from sanic.request import Request
from sanic.response import HTTPResponse

from addons.channels.messages import Attachment, Inbound, Option, Outgoing, Refused
from addons.channels.messaging import MessagingInput
from addons.channels.parts import Cards, Location, Media, Part, Text, numbered
from addons.channels.splitting import split, utf16
from addons.channels.vendor import Answer, VendorApi, check, is_same
from addons.channels.webhook import (
    Malformed,
    NotVerified,
    Received,
    objects_at,
    text_at,
)

MAX_TEXT = 1600
MAX_FILES = 10
MAX_FIELDS = 200
WINDOW_S = 24 * 3600.0

# How far Twilio's clock, in whole seconds, may be behind ours.
_CLOCKS_S = 2.0
_WHATSAPP = "whatsapp:"
_NOTHING_TO_SAY = "<?xml version='1.0' encoding='UTF-8'?><Response/>"


class TwilioInput(MessagingInput):
    """The channel of a Twilio account; answers come from the number written to."""

    options = (
        Option("account_sid", "the account, AC and 32 digits"),
        Option("auth_token", "the account's auth token, which also signs webhooks"),
        Option(
            "webhook_url",
            "the URL as entered at Twilio, if it is not "
            "FRONTDESK_PUBLIC_URL/webhooks/twilio/webhook",
            "",
        ),
        Option("mms", "yes: files go as MMS (USA and Canada), else as a link", "no"),
        Option("api_url", "Twilio's API", "https://api.twilio.com"),
    )
    max_body = 128 * 1024

    @classmethod
    def name(cls) -> str:
        return "twilio"

    def __init__(self, option: Dict[str, str], **keywords: Any) -> None:
        """The channel of `option["account_sid"]`."""
        super().__init__(option, **keywords)
        self._account = f"/2010-04-01/Accounts/{option['account_sid']}"
        self._api = VendorApi(
            option["api_url"],
            auth=aiohttp.BasicAuth(option["account_sid"], option["auth_token"]),
        )
        public = os.environ.get("FRONTDESK_PUBLIC_URL", "").rstrip("/")
        self._webhook_url = option["webhook_url"] or (
            f"{public}/webhooks/twilio/webhook" if public else ""
        )

    def verify(self, request: Request, body: bytes) -> None:
        given = request.headers.get("x-twilio-signature", "")
        fields = _fields(body)
        url = self._webhook_url
        if request.query_string:
            url = f"{url}?{request.query_string}"
        expected = [self._signature(one, fields) for one in _spellings(url)]
        if not self._webhook_url or not any(is_same(given, one) for one in expected):
            raise NotVerified(
                f"X-Twilio-Signature is not that of {url!r} with the auth token."
            )

    def read(self, request: Request, body: bytes) -> Received:
        fields = dict(_fields(body))
        done = HTTPResponse(_NOTHING_TO_SAY, 200, content_type="text/xml")
        if "MessageStatus" in fields or fields.get("OptOutType"):
            return Received(response=done)
        if not fields.get("MessageSid") or not fields.get("From"):
            raise Malformed("'MessageSid' or 'From' is missing.")
        return Received([_event(fields)], response=done)

    def render(self, part: Part) -> List[Dict[str, Any]]:
        if isinstance(part, Text):
            text = numbered(part.text, part.buttons) if part.buttons else part.text
            return _plain(text)
        if isinstance(part, Media):
            first, *more = _plain(part.caption) or [{"Body": ""}]
            return [{**first, "MediaUrl": part.url}, *more]
        if isinstance(part, Location):
            named = ", ".join(filter(None, (part.name, part.address)))
            point = f"{part.latitude},{part.longitude}"
            link = f"https://www.google.com/maps/search/?api=1&query={point}"
            return _plain(f"{named}\n{link}".strip())
        assert isinstance(part, Cards)  # what they say is in the text before them
        return []

    async def send(self, call: Outgoing) -> str:
        number = text_at(call.reply_to, "number")
        if not number:
            raise Refused("The customer never wrote, so no number of ours is known.")
        is_whatsapp = call.recipient.startswith(_WHATSAPP)
        if is_whatsapp and call.heard_at + WINDOW_S <= time.time():
            raise Refused("The customer was last heard more than 24 hours ago.")
        content = {"From": number, "To": call.recipient, **self._content(call)}
        answer = await self._api.post(f"{self._account}/Messages.json", data=content)
        check(answer, _reason(answer))
        return text_at(answer.body, "sid")

    async def arrived(self, call: Outgoing) -> bool:
        number = text_at(call.reply_to, "number")
        query = {"To": call.recipient, "From": number, "PageSize": "50"}
        answer = await self._api.get(f"{self._account}/Messages.json", params=query)
        check(answer, _reason(answer))
        body = self._content(call)["Body"]
        return any(
            text_at(one, "body") == body and _seconds(one) >= call.begun_at - _CLOCKS_S
            for one in objects_at(answer.body, "messages")
        )

    async def probe(self) -> List[str]:
        answer = await self._api.get(f"{self._account}.json")
        if answer.status in (401, 403, 404):
            return [
                f"Twilio refuses {self.variable('account_sid')} with "
                f"{self.variable('auth_token')}: {_reason(answer)}"
            ]
        check(answer, _reason(answer))
        status = text_at(answer.body, "status")
        if status != "active":
            return [f"The Twilio account is {status!r}, not 'active'."]
        return []

    async def closed(self) -> None:
        await self._api.close()

    def _content(self, call: Outgoing) -> Dict[str, str]:
        """What is said; a file is a link in the text where it cannot be sent."""
        body, media = call.call["Body"], call.call.get("MediaUrl")
        if not media:
            return {"Body": body}
        takes_files = (
            call.recipient.startswith(_WHATSAPP) or self.option["mms"] == "yes"
        )
        if takes_files:
            return {"Body": body, "MediaUrl": media}
        return {"Body": split(f"{media}\n{body}", MAX_TEXT, utf16)[0]}

    def _signature(self, url: str, fields: List[tuple[str, str]]) -> str:
        text = url + "".join(f"{name}{value}" for name, value in sorted(set(fields)))
        key = self.option["auth_token"].encode()
        digest = hmac.new(key, text.encode("utf-8", "replace"), hashlib.sha1).digest()
        return base64.b64encode(digest).decode()


def _fields(body: bytes) -> List[tuple[str, str]]:
    """The fields of a form.

    Raises:
        Malformed: It is no form in UTF-8.
    """
    try:
        return parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MAX_FIELDS,
        )
    except ValueError:
        raise Malformed("The body is no form in UTF-8.") from None


def _spellings(url: str) -> List[str]:
    """The URL as it is, and with the usual port added or left out: Twilio varies."""
    parts = urlsplit(url)
    usual = {"https": 443, "http": 80}.get(parts.scheme)
    host = parts.hostname or ""
    if parts.port is None:
        other = f"{parts.netloc}:{usual}"
    elif parts.port == usual:
        other = host
    else:
        return [url]
    return [url, url.replace(parts.netloc, other, 1)]


def _event(fields: Dict[str, str]) -> Inbound:
    count = fields.get("NumMedia", "0")
    files = min(int(count), MAX_FILES) if count.isdecimal() else 0
    text = fields.get("Body", "") or fields.get("ButtonText", "")
    if not text and fields.get("Latitude"):
        named = fields.get("Label") or fields.get("Address")
        text = f"My location is {fields['Latitude']}, {fields.get('Longitude')}"
        text += f" ({named})" if named else ""
    return Inbound(
        event_id=fields["MessageSid"],
        sender=fields["From"],
        text=text,
        payload=fields.get("ButtonPayload", ""),
        attachments=[_attachment(fields, number) for number in range(files)],
        reply_to={"number": fields.get("To", "")},
    )


def _attachment(fields: Dict[str, str], number: int) -> Attachment:
    mime = fields.get(f"MediaContentType{number}", "")
    kind = mime.split("/")[0]
    return Attachment(
        kind=kind if kind in ("image", "audio", "video") else "file",
        url=fields.get(f"MediaUrl{number}", ""),
        mime=mime,
    )


def _plain(text: str) -> List[Dict[str, Any]]:
    return [{"Body": piece} for piece in split(text, MAX_TEXT, utf16)]


def _reason(answer: Answer) -> str:
    said = text_at(answer.body, "message")
    code = text_at(answer.body, "code")
    return f"{said} ({code})" if code else said


def _seconds(message: Dict[str, Any]) -> float:
    """When Twilio took a message, in whole seconds since 1970; 0 if it does not say."""
    parsed = email.utils.parsedate_tz(text_at(message, "date_created"))
    return float(email.utils.mktime_tz(parsed)) if parsed else 0.0

"""From a customer's mail to what they said, and from an answer to a mail in its thread.

A thread of one sender is one conversation: `address/root`, where the root stands for
the first mail of the thread. Our own message ids carry the root, so that a reply finds
its conversation also where a mail program keeps no more than the last id.
"""

import hashlib
import re
import time
from email import message_from_bytes
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import EmailMessage, Message
from email.policy import SMTP
from email.utils import formatdate, mktime_tz, parsedate_tz
from typing import List

from addons.channels.mail_text import REPLY_MARK, written
from addons.channels.mail_trust import (
    UntrustedMailError,
    refuse_automatic,
    trusted_sender,
)
from addons.channels.messages import Attachment, Inbound, Outgoing
from addons.channels.webhook import text_at

MAX_SIZE = 25 * 1024 * 1024
MAX_SUBJECT = 200
MAX_ADDRESS = 90  # what fits into the name of a conversation
MAX_REFERENCES = 20

# Ids that are folded onto a line of their own are legal, and confuse some servers.
_POLICY = SMTP.clone(max_line_length=250)

_ID = re.compile(r"<[^<>\s@]{1,200}@[^<>\s@]{1,200}>")
_OURS = re.compile(r"<fd\.([0-9a-f]{24})\.[0-9a-f]+@")
_ANSWER = re.compile(r"^((re|aw|sv|antw|fwd?|wg|tr)\s*(\[\d+\])?:\s*)+", re.IGNORECASE)


def read_mail(start: bytes, size: int, own: str, authserv_id: str) -> Inbound:
    """What a customer said in a mail.

    Args:
        start: The mail, or its first part.
        size: The size of the whole mail in bytes.
        own: Our own address.
        authserv_id: The server whose word about the sender is trusted.

    Raises:
        UntrustedMailError: It is not answered.
    """
    if size > MAX_SIZE:
        raise UntrustedMailError(f"it has {size:,} bytes, more than {MAX_SIZE:,}")
    try:
        return _read(message_from_bytes(start), own, authserv_id)
    except (MessageError, RecursionError, LookupError, TypeError, ValueError) as error:
        if isinstance(error, UntrustedMailError):
            raise
        # Python's mail parser fails in many ways on what no mail program writes.
        raise UntrustedMailError(f"it cannot be read: {error!r}") from None


def write_answer(call: Outgoing, own: str, name: str) -> EmailMessage:
    """The mail that brings an answer, the same one for every try."""
    address, _, root = call.recipient.rpartition("/")
    answered = text_at(call.reply_to, "message_id")
    references = text_at(call.reply_to, "references").split()
    mail = EmailMessage(policy=_POLICY)
    mail["From"] = f'"{name}" <{own}>' if name else own
    mail["To"] = address
    mail["Subject"] = f"Re: {text_at(call.reply_to, 'subject')}"
    mail["Date"] = formatdate(localtime=False)
    mail["Message-ID"] = f"<fd.{root}.{call.key}@{own.rpartition('@')[2]}>"
    if answered:
        mail["In-Reply-To"] = answered
        mail["References"] = " ".join(_shortened([*references, answered]))
    mail["Auto-Submitted"] = "auto-replied"
    mail["X-Auto-Response-Suppress"] = "All"
    mail.set_content(f"{REPLY_MARK}\n\n{text_at(call.call, 'text')}\n")
    return mail


def _read(message: Message, own: str, authserv_id: str) -> Inbound:
    address = trusted_sender(message, authserv_id)
    refuse_automatic(message)
    if address == own.lower():
        raise UntrustedMailError("it is from our own address")
    if len(address) > MAX_ADDRESS:
        raise UntrustedMailError(f"its sender has {len(address)} characters")
    message_id = next(iter(_ids(message, "Message-ID")), "")
    if not message_id:
        raise UntrustedMailError("it has no 'Message-ID'")
    references = [*_ids(message, "References"), *_ids(message, "In-Reply-To")]
    text, files = written(message)
    subject = _subject(message)
    if not references and (not text or _adds_a_number(subject, text)):
        text = f"{subject}\n{text}".strip()
    return Inbound(
        event_id=_digest(f"{address} {message_id}"),
        sender=f"{address}/{_root(references, message_id)}",
        text=text,
        attachments=[_attachment(file) for file in files],
        sent_at=_sent_at(message),
        reply_to={
            "subject": subject or "your message",
            "message_id": message_id,
            "references": " ".join(_shortened(references)),
        },
        metadata={"email": address},
    )


def _root(references: List[str], message_id: str) -> str:
    for reference in references:
        ours = _OURS.match(reference)
        if ours:
            return ours[1]
    return _digest(references[0] if references else message_id)


def _shortened(ids: List[str]) -> List[str]:
    known = list(dict.fromkeys(ids))
    return known if len(known) <= MAX_REFERENCES else [known[0], *known[-19:]]


def _ids(message: Message, name: str) -> List[str]:
    return _ID.findall(str(message.get(name, ""))[:20_000])


def _subject(message: Message) -> str:
    """The subject in one line, without "Re:"."""
    raw = " ".join(str(message.get("Subject", ""))[:1000].split())
    try:
        subject = str(make_header(decode_header(raw)))
    except (MessageError, LookupError, ValueError):
        subject = raw
    line = "".join(one if one.isprintable() else " " for one in subject)
    return _ANSWER.sub("", " ".join(line.split()))[:MAX_SUBJECT]


def _adds_a_number(subject: str, text: str) -> bool:
    """Whether the subject names something, say an order, that the text does not."""
    return any(number not in text for number in re.findall(r"\d+", subject))


def _sent_at(message: Message) -> float:
    """The time of the sender's clock, never in the future; it orders what waits."""
    parsed = parsedate_tz(str(message.get("Date", ""))[:200])
    try:
        sent_at = mktime_tz(parsed) if parsed else 0
    except (OverflowError, ValueError):
        sent_at = 0
    return float(min(max(sent_at, 0), time.time()))


def _attachment(file: str) -> Attachment:
    name, _, mime = file.rpartition(" (")
    kind = mime.split("/")[0]
    return Attachment(
        kind=kind if kind in ("image", "audio", "video") else "file",
        name=name,
        mime=mime.rstrip(")"),
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:24]

"""Sending one-time codes: to a file by default, by SMTP where it is set.

Errors:
    CommerceError
        UnavailableError: the message could not be handed over
"""

from __future__ import annotations

import asyncio
import json
import smtplib
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from frontdesk.commerce.errors import ShopSettingsError, UnavailableError

_TIMEOUT_S = 10.0


@dataclass(frozen=True)
class Mail:
    """A plain message to one address."""

    to: str
    subject: str
    text: str


class Mailer(Protocol):
    """Hands a message over for delivery."""

    async def send(self, mail: Mail) -> None:
        """Hand over a message.

        Raises:
            UnavailableError: It could not be handed over.
        """


class Outbox:
    """Keeps messages as JSON lines in a file that only its owner can read.

    For a machine without mail: whoever runs the demo shop reads the codes there.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    async def send(self, mail: Mail) -> None:
        await asyncio.to_thread(self._append, mail)

    def _append(self, mail: Mail) -> None:
        line = {
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "to": mail.to,
            "subject": mail.subject,
            "text": mail.text,
        }
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.touch(mode=0o600)
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
        except OSError as error:
            raise UnavailableError(
                f"The outbox {str(self.path)!r} cannot be written: {error}."
            ) from error


class SmtpMailer:
    """Sends over SMTP: `smtp://` with STARTTLS where offered, `smtps://` with TLS."""

    def __init__(self, url: str, sender: str) -> None:
        """Read the URL.

        Raises:
            ShopSettingsError: The URL is none, or there is no sender.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise ShopSettingsError(
                "FRONTDESK_SMTP_URL is no SMTP URL; write it like "
                "smtp://user:password@mail.example.com:587."
            )
        if "@" not in sender:
            raise ShopSettingsError(
                f"FRONTDESK_MAIL_FROM is {sender!r}, which is no address to send from."
            )
        self._direct = parts.scheme == "smtps"
        self._host = parts.hostname
        self._port = parts.port or (465 if self._direct else 587)
        self._user = unquote(parts.username or "")
        self._password = unquote(parts.password or "")
        self._sender = sender

    async def send(self, mail: Mail) -> None:
        try:
            await asyncio.to_thread(self._send, mail)
        except (OSError, smtplib.SMTPException) as error:
            raise UnavailableError(
                f"The mail server {self._host}:{self._port} did not take a message: "
                f"{type(error).__name__}."
            ) from error

    def _send(self, mail: Mail) -> None:
        message = EmailMessage()
        message["From"], message["To"] = self._sender, mail.to
        message["Subject"] = mail.subject
        message.set_content(mail.text)
        context = ssl.create_default_context()
        if self._direct:
            with smtplib.SMTP_SSL(
                self._host, self._port, timeout=_TIMEOUT_S, context=context
            ) as server:
                self._hand_over(server, message)
            return
        with smtplib.SMTP(self._host, self._port, timeout=_TIMEOUT_S) as server:
            server.ehlo()
            # A password never leaves without encryption.
            if self._user or server.has_extn("starttls"):
                server.starttls(context=context)
            self._hand_over(server, message)

    def _hand_over(self, server: smtplib.SMTP, message: EmailMessage) -> None:
        if self._user:
            server.login(self._user, self._password)
        server.send_message(message)

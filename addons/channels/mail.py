"""Email: a mailbox read by IMAP, answers sent by SMTP.

| Email | |
| --- | --- |
| it sends | a mail in the mailbox, asked for every few seconds; no webhook |
| event id | `Message-ID` with the sender's address |
| verified by | `Authentication-Results` of the receiving server (`authserv_id`): |
| | DMARC, or DKIM or SPF of the domain of `From`; what fails is left to people |
| old calls | unread mails of the last day or two; a copy is known by its event id |
| for people | bounces, auto-replies, lists, our own mails, more than 10 an hour from |
| | one address: never answered, but marked read and flagged |
| limits | 25 MB a mail, of which 256 KB are read; no buttons (a numbered list, |
| | answered by number) or cards; files as links |
| threads | `References`, `In-Reply-To`: one thread of one sender, one conversation |
| exactly once | a repeated answer has the same `Message-ID`, which mailboxes drop |
| source | RFC 8601 (results), 7489 (DMARC), 3834 (automatic answers), 5322 (threads), |
| | 3501 (IMAP); quoting and signatures in mail_text.py |
"""

import asyncio
import logging
import re
import time
from typing import Any, Awaitable, Callable, ClassVar, Dict, List, Optional

import aiosmtplib
from rasa.core.channels.channel import UserMessage
from sanic import Blueprint
from sanic.request import Request
from sqlalchemy import text
from sqlalchemy.engine import Connection

from addons.channels.database import Database
from addons.channels.deliveries import default_url
from addons.channels.mail_box import Account, MailBox, MailBoxError, RawMail
from addons.channels.mail_letter import read_mail, write_answer
from addons.channels.mail_trust import UntrustedMailError, checked_by
from addons.channels.messages import (
    Busy,
    Inbound,
    Option,
    Outgoing,
    Refused,
    SendError,
    Unreachable,
)
from addons.channels.messaging import MessagingInput
from addons.channels.parts import Cards, Location, Media, Part, Text, numbered
from addons.channels.webhook import NotVerified, Received

logger = logging.getLogger(__name__)

MAX_PER_HOUR = 10
TIMEOUT_S = 20.0
_LONGEST_PAUSE_S = 300.0
_TEMPORARY = range(400, 500)
_HEARD = """SELECT COUNT(*) FROM inbox WHERE channel = 'mail'
AND event_id <> :event_id AND substr(conversation, 1, :length) = :start
AND received_at > :since"""


class MailInput(MessagingInput):
    """The channel of one mailbox that only this assistant and people read."""

    options = (
        Option("address", "the address that customers write to"),
        Option("imap_host", "the server that receives its mail"),
        Option("smtp_host", "the server that sends its mail"),
        Option("password", "of the mailbox, for both servers"),
        Option(
            "authserv_id",
            "the name by which the receiving server signs Authentication-Results",
        ),
        Option("user", "the login name, if it is not the address", ""),
        Option("name", "the name beside our address", ""),
        Option("imap_port", "its port", "993"),
        Option("imap_security", "tls, starttls, or none on this machine", "tls"),
        Option("smtp_port", "its port", "587"),
        Option("smtp_security", "tls, starttls, or none on this machine", "starttls"),
        Option("poll_s", "seconds between two looks into the mailbox", "10"),
    )
    max_body: ClassVar[int] = 0

    @classmethod
    def name(cls) -> str:
        return "mail"

    def __init__(self, option: Dict[str, str], **keywords: Any) -> None:
        """The channel of `option["address"]`."""
        super().__init__(option, **keywords)
        self._user = option["user"] or option["address"]
        account = Account(
            option["imap_host"],
            int(option["imap_port"]) if "imap_port" not in self._wrong() else 0,
            self._user,
            option["password"],
            option["imap_security"],
        )
        self._box = MailBox(account)
        self._database = Database(self._url or default_url())
        self._poller: Optional[asyncio.Task[None]] = None

    def blueprint(
        self, on_new_message: Callable[[UserMessage], Awaitable[Any]]
    ) -> Blueprint:
        for problem in self._wrong().values():
            logger.error("Channel %r is off: %s", self.name(), problem)
        if self._wrong():
            return Blueprint(f"frontdesk_{self.name()}", __name__)
        return super().blueprint(on_new_message)

    def _wrong(self) -> Dict[str, str]:
        """A sentence for each option that must be a number and is none."""
        wrong = {
            name: f"{self.variable(name)} is {self.option[name]!r}. Set it to a port, "
            "a number from 1 to 65535."
            for name in ("imap_port", "smtp_port")
            if not re.fullmatch("[0-9]{1,5}", self.option[name])
            or not 1 <= int(self.option[name]) <= 65535
        }
        seconds = self.option["poll_s"]
        if not re.fullmatch(r"[0-9]{1,5}(\.[0-9]+)?", seconds):
            wrong["poll_s"] = (
                f"{self.variable('poll_s')} is {seconds!r}. Set it to seconds, such "
                "as 10."
            )
        return wrong

    def verify(self, request: Request, body: bytes) -> None:
        raise NotVerified("Mail is fetched from the mailbox; it has no webhook.")

    def read(self, request: Request, body: bytes) -> Received:
        raise NotVerified("Mail is fetched from the mailbox; it has no webhook.")

    async def check(self) -> List[str]:
        """One sentence for each thing that is wrong; no webhook, so no public URL."""
        if self.missing():
            return [f"{', '.join(self.missing())} is not set."]
        if self._wrong():
            return list(self._wrong().values())
        try:
            return await self.probe()
        finally:
            await self.closed()

    def render(self, part: Part) -> List[Dict[str, Any]]:
        if isinstance(part, Text):
            shown = numbered(part.text, part.buttons) if part.buttons else part.text
        elif isinstance(part, Media):
            shown = "\n".join(filter(None, (part.caption or part.name, part.url)))
        elif isinstance(part, Location):
            named = ", ".join(filter(None, (part.name, part.address)))
            point = f"{part.latitude},{part.longitude}"
            link = f"https://www.google.com/maps/search/?api=1&query={point}"
            shown = f"{named}\n{link}".strip()
        else:
            assert isinstance(part, Cards)  # what they say is in the text before them
            shown = ""
        return [{"text": shown}] if shown else []

    async def send(self, call: Outgoing) -> str:
        mail = write_answer(call, self.option["address"], self.option["name"])
        try:
            await aiosmtplib.send(
                bytes(mail),  # the library would fold its headers in another way
                sender=self.option["address"],
                recipients=[str(mail["To"])],
                timeout=TIMEOUT_S,
                **self._server(),
            )
        except aiosmtplib.SMTPException as error:
            raise _as_send_error(error) from None
        except OSError as error:
            raise Unreachable(f"The mail server failed: {error}", True) from None
        return str(mail["Message-ID"])

    async def probe(self) -> List[str]:
        problems = []
        for name in ("imap", "smtp"):
            security = self.option[f"{name}_security"]
            is_here = self.option[f"{name}_host"] in ("127.0.0.1", "::1", "localhost")
            if security not in ("tls", "starttls") and not is_here:
                problems.append(
                    f"{self.variable(f'{name}_security')} is {security!r}, which would "
                    "send the password in the open. Set it to tls or starttls."
                )
        if problems:
            return problems
        return [*await self._probe_box(), *await self._probe_smtp()]

    async def opened(self) -> None:
        self._poller = asyncio.create_task(self._poll())

    async def closed(self) -> None:
        if self._poller is not None:
            self._poller.cancel()
            await asyncio.gather(self._poller, return_exceptions=True)
        await self._box.close()
        await self._database.close()

    def _calls(self, messages: List[Dict[str, Any]]) -> List[Dict[str, Any]]:
        """All that answers one mail in one mail."""
        texts = [call["text"] for call in super()._calls(messages)]
        return [{"text": "\n\n".join(texts)}] if texts else []

    async def _poll(self) -> None:
        usual = float(self.option["poll_s"])
        pause = usual
        while True:
            try:
                for mail in await self._box.unread():
                    await self._take(mail)
                pause = usual
            except MailBoxError as error:
                logger.error("%s", error)
                pause = min(2 * pause, _LONGEST_PAUSE_S)
            except Exception:
                # The entry point of a task; say, the database is away. The mail stays
                # unread, so the next look finds it.
                logger.exception("A look into the mailbox failed.")
                pause = min(2 * pause, _LONGEST_PAUSE_S)
            await asyncio.sleep(pause)

    async def _take(self, mail: RawMail) -> None:
        """Accept a mail, or leave it to a person; either way it is read afterwards."""
        own, server = self.option["address"], self.option["authserv_id"]
        loop = asyncio.get_running_loop()
        try:
            event = await loop.run_in_executor(
                None, read_mail, mail.start, mail.size, own, server
            )
            await self._refuse_too_many(event)
        except UntrustedMailError as error:
            logger.warning("Mail %s is left to a person: %s.", mail.uid, error)
            await self._box.settle(mail.uid, for_a_person=True)
        else:
            await self.accept([event])
            await self._box.settle(mail.uid, for_a_person=False)

    async def _refuse_too_many(self, event: Inbound) -> None:
        """Stop what answers our answers and does not say that it is a program.

        Raises:
            UntrustedMailError: The sender wrote too often.
        """
        address = event.sender.rpartition("/")[0]
        start = f"mail:{address}/"
        values = {
            "start": start,
            "length": len(start),
            "since": time.time() - 3600,
            "event_id": event.event_id,  # another worker may have taken it just now
        }

        def work(connection: Connection) -> int:
            return int(connection.execute(text(_HEARD), values).scalar() or 0)

        heard = await self._database.run(work)
        if heard >= MAX_PER_HOUR:
            raise UntrustedMailError(f"{address!r} sent {heard} mails within an hour")

    async def _probe_box(self) -> List[str]:
        try:
            headers = await self._box.newest_headers()
        except MailBoxError as error:
            return [str(error)]
        server = checked_by(headers)
        if headers and server != self.option["authserv_id"].lower():
            return [
                f"{self.variable('authserv_id')} is {self.option['authserv_id']!r}, "
                f"but {server!r} checked the newest mail, so it is not answered."
            ]
        return []

    async def _probe_smtp(self) -> List[str]:
        server = self._server()
        user, password = server.pop("username"), server.pop("password")
        try:
            async with aiosmtplib.SMTP(**server, timeout=TIMEOUT_S) as client:
                await client.login(user, password)
        except (aiosmtplib.SMTPException, OSError) as error:
            return [
                f"The mail server {self.option['smtp_host']!r} refuses {self._user!r}: "
                f"{error}"
            ]
        return []

    def _server(self) -> Dict[str, Any]:
        security = self.option["smtp_security"]
        return {
            "hostname": self.option["smtp_host"],
            "port": int(self.option["smtp_port"]),
            "username": self._user,
            "password": self.option["password"],
            "use_tls": security == "tls",
            "start_tls": security == "starttls",
        }


def _as_send_error(error: aiosmtplib.SMTPException) -> SendError:
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        error = error.recipients[0]
    if isinstance(error, aiosmtplib.SMTPResponseException):
        said = f"The mail server answered {error.code}: {error.message}"
        return Busy(said) if error.code in _TEMPORARY else Refused(said)
    if isinstance(error, aiosmtplib.SMTPConnectError):
        return Unreachable(f"The mail server cannot be reached: {error}", False)
    return Unreachable(f"The mail server did not finish: {error}", True)

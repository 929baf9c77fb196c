"""A mail server on this machine: IMAP for what customers write, SMTP for our answers.

Both are small and strict: a command out of place is answered BAD or 503 and recorded.
"""

import asyncio
import base64
import re
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message


@dataclass
class Stored:
    """A mail in the mailbox."""

    content: bytes
    flags: set[str] = field(default_factory=set)


class FakeImap:
    """One mailbox; `mails` by uid."""

    def __init__(self, user: str, password: str) -> None:
        self.mails: dict[int, Stored] = {}
        self.wrong: list[str] = []
        self.read_bytes = 0
        self.port = 0
        self.is_down = False
        self._login = f'LOGIN {user} "{password}"'
        self._server: asyncio.AbstractServer | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        self.drop()
        await self._server.wait_closed()

    def drop(self) -> None:
        """Break all connections."""
        for writer in self._writers:
            writer.close()

    def put(self, content: bytes) -> int:
        """Let a mail arrive; its uid."""
        uid = 100 + len(self.mails)
        self.mails[uid] = Stored(content)
        return uid

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._writers.add(writer)
        writer.write(b"* OK ready\r\n")
        state = "new"
        try:
            while line := (await reader.readline()).decode().rstrip("\r\n"):
                tag, _, command = line.partition(" ")
                if self.is_down:
                    break
                done, state = self._do(command, state, writer)
                writer.write(f"{tag} {done}\r\n".encode())
                await writer.drain()
                if state == "over":
                    break
        except ConnectionError:
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    def _do(
        self, command: str, state: str, writer: asyncio.StreamWriter
    ) -> tuple[str, str]:
        """The tagged answer and the state after it."""
        if command == "CAPABILITY":
            writer.write(b"* CAPABILITY IMAP4rev1\r\n")
            return "OK done", state
        if command == "LOGOUT":
            writer.write(b"* BYE bye\r\n")
            return "OK done", "over"
        if state == "new":
            known = command == self._login
            return ("OK done", "in") if known else ("NO wrong user or password", state)
        if command == 'SELECT "INBOX"':
            writer.write(f"* {len(self.mails)} EXISTS\r\n".encode())
            return "OK [READ-WRITE] done", "selected"
        if state == "selected":
            for pattern, action in (
                (r"UID SEARCH UNSEEN UNDELETED SINCE \d\d-\w{3}-\d{4}", self._search),
                (
                    r"UID FETCH (\d+) \(UID RFC822.SIZE BODY.PEEK\[\]<0.(\d+)>\)",
                    self._fetch,
                ),
                (r"UID STORE (\d+) \+FLAGS.SILENT \(([\\ \w]+)\)", self._store),
                (r"FETCH (\d+) \(BODY.PEEK\[HEADER\]\)", self._headers),
            ):
                match = re.fullmatch(pattern, command)
                if match:
                    writer.write(action(*match.groups()))
                    return "OK done", state
        self.wrong.append(command)
        return "BAD unexpected", state

    def _search(self) -> bytes:
        unseen = [uid for uid, mail in self.mails.items() if "\\Seen" not in mail.flags]
        return f"* SEARCH {' '.join(map(str, unseen))}\r\n".encode()

    def _fetch(self, uid: str, most: str) -> bytes:
        content = self.mails[int(uid)].content
        part = content[: int(most)]
        self.read_bytes += len(part)
        start = f"* 1 FETCH (UID {uid} RFC822.SIZE {len(content)} BODY[]<0> "
        return f"{start}{{{len(part)}}}\r\n".encode() + part + b")\r\n"

    def _store(self, uid: str, flags: str) -> bytes:
        self.mails[int(uid)].flags.update(flags.split())
        return b""

    def _headers(self, number: str) -> bytes:
        content = list(self.mails.values())[int(number) - 1].content
        part = content.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
        start = f"* {number} FETCH (BODY[HEADER] {{{len(part)}}}\r\n".encode()
        return start + part + b")\r\n"


class FakeSmtp:
    """Takes mails for delivery; `codes` are what it says to the next ones instead."""

    def __init__(self, user: str, password: str) -> None:
        self.sent: list[Message] = []
        self.codes: list[int] = []
        self.wrong: list[str] = []
        self.port = 0
        self.hangs_up = 0  # after so many mails it took, without saying so
        self._auth = "\0".join(("", user, password))
        self._server: asyncio.AbstractServer | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    def to(self, address: str) -> list[Message]:
        """What a customer was sent; a copy with a known Message-ID is dropped."""
        mails = [mail for mail in self.sent if mail["To"] == address]
        return list({mail["Message-ID"]: mail for mail in mails}.values())

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        expected = base64.b64encode(self._auth.encode()).decode()
        writer.write(b"220 ready\r\n")
        steps: list[str] = []
        try:
            while line := (await reader.readline()).decode().rstrip("\r\n"):
                verb = line.split(" ")[0].split(":")[0].upper()
                if verb == "EHLO":
                    answer = "250-here\r\n250 AUTH PLAIN"
                elif verb == "AUTH":
                    is_right = line == f"AUTH PLAIN {expected}"
                    answer = "235 welcome" if is_right else "535 wrong password"
                    steps += ["AUTH"] if is_right else []
                elif verb == "MAIL" and steps == ["AUTH"]:
                    answer = "250 ok"
                    steps.append("MAIL")
                elif verb == "RCPT" and steps == ["AUTH", "MAIL"]:
                    code = self.codes.pop(0) if self.codes else 250
                    answer = f"{code} said so"
                    steps += ["RCPT"] if code == 250 else []
                elif verb == "DATA" and steps == ["AUTH", "MAIL", "RCPT"]:
                    writer.write(b"354 go on\r\n")
                    content = await reader.readuntil(b"\r\n.\r\n")
                    self.sent.append(message_from_bytes(content[:-3]))
                    if self.hangs_up:
                        self.hangs_up -= 1
                        break
                    steps = ["AUTH"]
                    answer = "250 taken"
                elif verb in ("QUIT", "RSET"):
                    answer = "221 bye" if verb == "QUIT" else "250 ok"
                else:
                    self.wrong.append(line)
                    answer = "503 not now"
                writer.write(f"{answer}\r\n".encode())
                await writer.drain()
                if verb == "QUIT":
                    break
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

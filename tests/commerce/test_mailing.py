from __future__ import annotations

import json
import socketserver
import stat
import threading
from pathlib import Path

import pytest

from frontdesk.commerce.errors import ShopSettingsError, UnavailableError
from frontdesk.commerce.mailing import Mail, Outbox, SmtpMailer
from tests.commerce.desks import run

MAIL = Mail("a@b.example", "Your code", "It is 123456.")


def test_the_outbox_keeps_messages_for_its_owner_only(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "new" / "outbox.jsonl")
    run(outbox.send(MAIL))
    run(outbox.send(MAIL))
    lines = [json.loads(line) for line in outbox.path.read_text().splitlines()]
    assert [(line["to"], line["text"]) for line in lines] == [(MAIL.to, MAIL.text)] * 2
    assert stat.S_IMODE(outbox.path.stat().st_mode) == 0o600


def test_an_outbox_that_cannot_be_written_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UnavailableError):
        run(Outbox(tmp_path / "file" / "outbox.jsonl").send(MAIL))


class Server(socketserver.StreamRequestHandler):
    """Enough of SMTP to take one message."""

    def handle(self) -> None:
        self.wfile.write(b"220 ready\r\n")
        data = False
        for raw in self.rfile:
            line = raw.decode().strip()
            self.server.lines.append(line)  # type: ignore[attr-defined]
            if data:
                data = line != "."
                if not data:
                    self.wfile.write(b"250 kept\r\n")
            elif line.upper() == "DATA":
                data = True
                self.wfile.write(b"354 go on\r\n")
            elif line.upper() == "QUIT":
                self.wfile.write(b"221 bye\r\n")
                return
            else:
                self.wfile.write(b"250 ok\r\n")


def test_smtp_hands_a_message_over() -> None:
    with socketserver.TCPServer(("127.0.0.1", 0), Server) as server:
        server.lines = []  # type: ignore[attr-defined]
        threading.Thread(target=server.handle_request, daemon=True).start()
        mailer = SmtpMailer(
            f"smtp://127.0.0.1:{server.server_address[1]}", "s@shop.example"
        )
        run(mailer.send(MAIL))
        lines = server.lines  # type: ignore[attr-defined]
    assert "rcpt TO:<a@b.example>" in lines and "It is 123456." in lines


def test_a_password_is_not_sent_without_encryption() -> None:
    with socketserver.TCPServer(("127.0.0.1", 0), Server) as server:
        server.lines = []  # type: ignore[attr-defined]
        threading.Thread(target=server.handle_request, daemon=True).start()
        port = server.server_address[1]
        mailer = SmtpMailer(f"smtp://me:secret@127.0.0.1:{port}", "s@shop.example")
        with pytest.raises(UnavailableError):
            run(mailer.send(MAIL))
        assert not [line for line in server.lines if "AUTH" in line.upper()]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("url", "sender"),
    [("mail.example", "a@b.c"), ("smtp://", "a@b.c"), ("smtp://h", "")],
)
def test_unusable_settings_stop_the_start(url: str, sender: str) -> None:
    with pytest.raises(ShopSettingsError):
        SmtpMailer(url, sender)

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from addons.channels.courier import Retries
from addons.channels.mail import MAX_PER_HOUR, MailInput
from addons.channels.mail_text import REPLY_MARK
from tests.addons.channels.test_mail_letter import OWN, SERVER, mail, with_file
from tests.fakes_mail import FakeImap, FakeSmtp
from tests.fakes_messaging import Delivery, Turns, Worker, until

pytestmark = pytest.mark.asyncio

PASSWORD = 'pass "word" \\'
ANNA = "anna@a.example"


@pytest_asyncio.fixture
async def imap() -> AsyncIterator[FakeImap]:
    server = FakeImap(OWN, 'pass \\"word\\" \\\\')
    await server.start()
    yield server
    await server.stop()
    assert server.wrong == []


@pytest_asyncio.fixture
async def smtp() -> AsyncIterator[FakeSmtp]:
    server = FakeSmtp(OWN, PASSWORD)
    await server.start()
    yield server
    await server.stop()
    assert server.wrong == []


@pytest.fixture
def turns() -> Turns:
    return Turns()


def channel(imap: FakeImap, smtp: FakeSmtp, **keywords: Any) -> MailInput:
    option = {one.name: one.default or "" for one in MailInput.options}
    option |= {
        "address": OWN,
        "password": PASSWORD,
        "authserv_id": SERVER,
        "imap_host": "127.0.0.1",
        "smtp_host": "127.0.0.1",
        "imap_port": str(imap.port),
        "smtp_port": str(smtp.port),
        "imap_security": "none",
        "smtp_security": "none",
        "poll_s": "0.05",
        **keywords.pop("option", {}),
    }
    return MailInput(option, **keywords)


@pytest_asyncio.fixture
async def workers(
    imap: FakeImap, smtp: FakeSmtp, turns: Turns, tmp_path: Path
) -> AsyncIterator[list[Worker]]:
    """Two workers that read one mailbox and share a database."""
    found = []
    for _ in range(2):
        one = channel(
            imap,
            smtp,
            deliveries_url=f"sqlite:///{tmp_path}/deliveries.db",
            retries=Retries(tries=4, first_s=0.05),
            sweep_s=0.2,
        )
        found.append(Worker([one], turns))
        await found[-1].start()
    yield found
    for worker in found:
        await worker.stop()


def said(mail: Any) -> str:
    """What our mail says below its mark."""
    body = mail.get_payload(decode=True).decode().replace("\r\n", "\n")
    mark, _, text = body.partition("\n\n")
    assert mark == REPLY_MARK
    return text.strip()


async def test_mail_is_answered_once_in_its_thread(
    workers: list[Worker], imap: FakeImap, smtp: FakeSmtp, turns: Turns
) -> None:
    uid = imap.put(mail("Where is it?"))
    await until(lambda: smtp.sent)
    await asyncio.sleep(0.5)
    [answer] = smtp.sent
    assert answer["To"] == ANNA
    assert answer["In-Reply-To"] == "<one@a.example>"
    assert said(answer) == "You said: Order 1234\nWhere is it?"
    assert len(turns.said) == 1
    assert imap.mails[uid].flags == {"\\Seen"}


async def test_reply_goes_on_with_the_conversation(
    workers: list[Worker], imap: FakeImap, smtp: FakeSmtp, turns: Turns
) -> None:
    imap.put(mail("Where is it?"))
    await until(lambda: smtp.sent)
    quoted = "\n".join(f"> {line}" for line in said(smtp.sent[0]).splitlines())
    text = f"Thanks!\n\nOn 22 Nov 2026 at 10:11, Shop wrote:\n{quoted}"
    ours = smtp.sent[0]["Message-ID"]
    imap.put(mail(text, Message_ID="<two@a.example>", In_Reply_To=ours))
    await until(lambda: len(smtp.sent) == 2)
    assert said(smtp.sent[1]) == "You said: Thanks!"
    assert len({conversation for conversation, _ in turns.said}) == 1


async def test_copies_of_a_mail_are_answered_once(
    workers: list[Worker], imap: FakeImap, smtp: FakeSmtp, turns: Turns
) -> None:
    for _ in range(10):
        imap.put(mail("Where is it?"))
    await until(lambda: all(one.flags for one in imap.mails.values()))
    await asyncio.sleep(0.3)
    assert len(turns.said) == len(smtp.sent) == 1


async def test_a_thousand_forged_mails_run_no_turn(
    workers: list[Worker], imap: FakeImap, smtp: FakeSmtp, turns: Turns
) -> None:
    verdicts = [
        "",
        f"{SERVER}; dmarc=fail header.from=a.example",
        f"{SERVER}; dmarc=pass header.from=e.example",
        f"{SERVER}; spf=pass smtp.mailfrom=x@e.example; dkim=none",
        "mx.elsewhere.example; dmarc=pass header.from=a.example",
    ]
    for number in range(1000):
        verdict = verdicts[number % len(verdicts)]
        forged = {"Authentication_Results": verdict, "Message_ID": f"<{number}@a.b>"}
        imap.put(mail("Refund me", **forged))
    seen = {"\\Seen", "\\Flagged"}
    await until(lambda: all(one.flags == seen for one in imap.mails.values()), 60)
    assert turns.said == []
    assert smtp.sent == []


async def test_auto_reply_to_our_answer_is_left_to_a_person(
    workers: list[Worker], imap: FakeImap, smtp: FakeSmtp, turns: Turns
) -> None:
    imap.put(mail("Where is it?"))
    await until(lambda: smtp.sent)
    ours = smtp.sent[0]["Message-ID"]
    away = {"Auto_Submitted": "auto-replied", "In_Reply_To": ours}
    uid = imap.put(mail("I'm away", Message_ID="<away@a.example>", **away))
    await until(lambda: imap.mails[uid].flags)
    assert imap.mails[uid].flags == {"\\Seen", "\\Flagged"}
    assert len(turns.said) == 1


async def test_program_that_answers_every_answer_is_stopped(
    workers: list[Worker], imap: FakeImap, smtp: FakeSmtp, turns: Turns
) -> None:
    """A loop with a program that does not say that it is one, and changes threads."""
    for number in range(MAX_PER_HOUR + 5):
        uid = imap.put(mail(f"Ticket {number}", Message_ID=f"<{number}@a.example>"))
        await until(lambda uid=uid: imap.mails[uid].flags)
    await until(lambda: len(smtp.sent) == MAX_PER_HOUR)
    await asyncio.sleep(0.3)
    assert len(turns.said) == len(smtp.sent) == MAX_PER_HOUR
    flagged = [one for one in imap.mails.values() if "\\Flagged" in one.flags]
    assert len(flagged) == 5
    other = {
        "From": "bob@b.example",
        "Authentication_Results": f"{SERVER}; dmarc=pass header.from=b.example",
    }
    imap.put(mail("Hi", Message_ID="<b@b.example>", **other))
    await until(lambda: smtp.to("bob@b.example"))


async def test_all_that_answers_one_mail_is_one_mail(
    workers: list[Worker], imap: FakeImap, smtp: FakeSmtp, turns: Turns
) -> None:
    buttons = [{"title": "A person", "payload": "/talk_to_person"}]
    turns.reply = lambda text: [
        {
            "text": "Thirty days.",
            "citations": [{"title": "Returns", "url": "https://s.e/r"}],
        },
        {"text": "Anything else?", "buttons": buttons},
        {"image": "https://s.e/k.jpg"},
    ]
    imap.put(mail())
    await until(lambda: smtp.sent)
    await asyncio.sleep(0.3)
    [answer] = smtp.sent
    assert said(answer) == (
        "Thirty days.\n\nSources:\n- Returns: https://s.e/r\n\n"
        "Anything else?\n1. A person\n\nhttps://s.e/k.jpg"
    )


async def test_attachments_reach_the_turn_as_a_list(
    imap: FakeImap, smtp: FakeSmtp, tmp_path: Path
) -> None:
    metadata: list[Any] = []

    async def handle(message: Any) -> None:
        metadata.append(message.metadata)

    url = f"sqlite:///{tmp_path}/deliveries.db"
    worker = Worker([channel(imap, smtp, deliveries_url=url)], handle)
    await worker.start()
    imap.put(with_file("It leaks", "leak.jpg"))
    await until(lambda: metadata)
    [file] = metadata[0]["attachments"]
    assert (file["kind"], file["name"]) == ("image", "leak.jpg")
    assert metadata[0]["email"] == ANNA
    await worker.stop()


@pytest.mark.parametrize("code", [421, 450, 452])
async def test_server_that_asks_to_wait_is_asked_again(
    workers: list[Worker], imap: FakeImap, smtp: FakeSmtp, code: int
) -> None:
    smtp.codes = [code, code]
    imap.put(mail())
    await until(lambda: smtp.sent)
    assert len(smtp.sent) == 1


async def test_refused_address_is_not_asked_again(
    workers: list[Worker], imap: FakeImap, smtp: FakeSmtp, turns: Turns
) -> None:
    smtp.codes = [550]
    imap.put(mail())
    await until(lambda: not smtp.codes)
    await asyncio.sleep(0.5)
    assert smtp.sent == []


async def test_answer_of_unknown_outcome_is_repeated_as_the_same_mail(
    workers: list[Worker], imap: FakeImap, smtp: FakeSmtp
) -> None:
    smtp.hangs_up = 1
    imap.put(mail())
    await until(lambda: len(smtp.sent) == 2)
    assert len(smtp.to(ANNA)) == 1


async def test_broken_mailbox_is_found_again(
    workers: list[Worker], imap: FakeImap, smtp: FakeSmtp
) -> None:
    await until(lambda: True)
    imap.is_down = True
    imap.drop()
    await asyncio.sleep(0.3)
    imap.is_down = False
    imap.put(mail())
    await until(lambda: smtp.sent, 10)


async def test_huge_mail_is_not_read_to_its_end(
    workers: list[Worker], imap: FakeImap, smtp: FakeSmtp
) -> None:
    uid = imap.put(mail("x " * 13_000_000))
    await until(lambda: imap.mails[uid].flags, 10)
    assert imap.mails[uid].flags == {"\\Seen", "\\Flagged"}
    assert imap.read_bytes <= 4 * 256 * 1024


async def test_slow_mail_server_keeps_nobody_waiting(
    imap: FakeImap, smtp: FakeSmtp, turns: Turns, tmp_path: Path
) -> None:
    silent = await asyncio.start_server(_say_nothing, "127.0.0.1", 0)
    port = str(silent.sockets[0].getsockname()[1])
    url = f"sqlite:///{tmp_path}/deliveries.db"
    option = {"imap_port": port}
    worker = Worker([channel(imap, smtp, deliveries_url=url, option=option)], turns)
    await worker.start()
    longest = 0.0
    for _ in range(50):
        started = time.perf_counter()
        await asyncio.sleep(0.01)
        longest = max(longest, time.perf_counter() - started)
    assert longest < 0.3
    silent.close()
    await worker.stop()


async def _say_nothing(reader: Any, writer: Any) -> None:
    await asyncio.sleep(0.5)
    writer.close()


async def test_webhook_of_the_channel_is_closed(workers: list[Worker]) -> None:
    assert await workers[0].post("mail", Delivery(b"{}", {})) in (403, 413)


async def test_check_is_content_with_a_right_set_up(
    imap: FakeImap, smtp: FakeSmtp
) -> None:
    assert await channel(imap, smtp).check() == []
    imap.put(mail())
    assert await channel(imap, smtp).check() == []


@pytest.mark.parametrize(
    ("option", "named"),
    [
        ({"password": "wrong"}, "wrong user or password"),
        ({"authserv_id": "mx.other.example"}, "FRONTDESK_MAIL_AUTHSERV_ID"),
        ({"imap_port": "1"}, "cannot be read"),
        ({"smtp_port": "1"}, "mail server '127.0.0.1' refuses"),
        ({"imap_host": "imap.shop.example"}, "FRONTDESK_MAIL_IMAP_SECURITY"),
        ({"smtp_host": "smtp.shop.example"}, "FRONTDESK_MAIL_SMTP_SECURITY"),
        ({"authserv_id": ""}, "FRONTDESK_MAIL_AUTHSERV_ID is not set"),
        ({"imap_port": "IMAP"}, "FRONTDESK_MAIL_IMAP_PORT is 'IMAP'. Set it to"),
        ({"smtp_port": "70000"}, "FRONTDESK_MAIL_SMTP_PORT is '70000'. Set it to"),
        ({"poll_s": "often"}, "FRONTDESK_MAIL_POLL_S is 'often'. Set it to"),
    ],
)
async def test_check_names_what_is_wrong(
    imap: FakeImap, smtp: FakeSmtp, option: dict[str, str], named: str
) -> None:
    imap.put(mail())
    problems = await channel(imap, smtp, option=option).check()
    assert named in problems[0]
    assert PASSWORD not in " ".join(problems)


async def test_wrong_port_turns_the_channel_off_with_a_sentence(
    imap: FakeImap, smtp: FakeSmtp, caplog: pytest.LogCaptureFixture
) -> None:
    connector = channel(imap, smtp, option={"imap_port": "IMAP"})
    worker = Worker([connector], Turns())
    await worker.start()
    assert await worker.post("mail", Delivery(b"{}", {})) == 404
    await worker.stop()
    assert "FRONTDESK_MAIL_IMAP_PORT is 'IMAP'" in caplog.text

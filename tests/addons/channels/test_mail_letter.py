import random
import time
from email import message_from_bytes
from email.message import EmailMessage
from typing import Any

import pytest

from addons.channels.mail_letter import MAX_SIZE, read_mail, write_answer
from addons.channels.mail_text import REPLY_MARK
from addons.channels.mail_trust import UntrustedMailError
from addons.channels.messages import Inbound, Outgoing

OWN, SERVER = "help@shop.example", "mx.shop.example"


def mail(text: str = "Where is my order?", **headers: str) -> bytes:
    """A mail of Anna's as our server stores it; `headers` replaces or adds some."""
    values = {
        "Authentication-Results": f"{SERVER}; dmarc=pass header.from=a.example",
        "From": "Anna <anna@a.example>",
        "To": OWN,
        "Subject": "Order 1234",
        "Message-ID": "<one@a.example>",
        "Date": "Sun, 22 Nov 2026 05:00:00 +0000",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    letter = EmailMessage()
    for name, value in values.items():
        if value:
            letter[name] = value
    letter.set_content(text)
    return bytes(letter)


def with_file(text: str, name: str, size: int = 100, **headers: str) -> bytes:
    """The same with a picture."""
    letter = EmailMessage()
    for header, value in message_from_bytes(mail(**headers)).items():
        if not header.startswith(("Content", "MIME")):
            letter[header] = " ".join(value.split())
    letter.set_content(text)
    letter.add_attachment(b"x" * size, maintype="image", subtype="png", filename=name)
    return bytes(letter)


def read(content: bytes, size: int = 0) -> Inbound:
    return read_mail(content, size or len(content), OWN, SERVER)


def outgoing(event: Inbound, text: str = "It is on its way.") -> Outgoing:
    call = {"text": text}
    conversation = f"mail:{event.sender}"
    return Outgoing(1, "ab12", conversation, call, event.reply_to, 0, False, 0)


def answer(event: Inbound, text: str = "It is on its way.") -> Any:
    return message_from_bytes(bytes(write_answer(outgoing(event, text), OWN, "Shop")))


def test_first_mail_says_the_number_in_its_subject() -> None:
    event = read(mail())
    assert event.text == "Order 1234\nWhere is my order?"
    assert event.sender.startswith("anna@a.example/")
    assert event.reply_to == {
        "subject": "Order 1234",
        "message_id": "<one@a.example>",
        "references": "",
    }


@pytest.mark.parametrize(
    ("subject", "text", "said"),
    [
        ("Re: AW: Order 1234", "Hello", "Order 1234\nHello"),
        ("Order 1234", "", "Order 1234"),
        ("Order 1234", "Where is 1234?", "Where is 1234?"),
        ("A question", "Where is my order?", "Where is my order?"),
        ("=?utf-8?q?Gr=C3=BC=C3=9Fe?=", "", "Grüße"),
        ("=?no-such?q?x?=", "", "=?no-such?q?x?="),
        ("=?utf-8?b?!?=", "Hi", "Hi"),
        ("=?utf-8?b?a?=", "", "=?utf-8?b?a?="),
    ],
)
def test_subject_is_said_where_it_adds_something(
    subject: str, text: str, said: str
) -> None:
    content = mail(text).replace(b"Subject: Order 1234", f"Subject: {subject}".encode())
    assert read(content).text == said


def test_thread_is_one_conversation() -> None:
    first = read(mail())
    reply = answer(first)
    ours = reply["Message-ID"]
    second = read(
        mail(
            "Thanks", Message_ID="<two@a.example>", References=f"<one@a.example> {ours}"
        )
    )
    only_last = read(mail("Hm", Message_ID="<three@a.example>", In_Reply_To=ours))
    assert first.sender == second.sender == only_last.sender
    assert (second.text, only_last.text) == ("Thanks", "Hm")
    assert len({first.event_id, second.event_id, only_last.event_id}) == 3


def test_new_mail_is_a_new_conversation() -> None:
    assert read(mail()).sender != read(mail(Message_ID="<other@a.example>")).sender


def test_thread_of_one_sender_is_closed_to_another() -> None:
    ours = answer(read(mail()))["Message-ID"]
    eve = read(
        mail(
            "What did Anna order?",
            From="eve@e.example",
            Authentication_Results=f"{SERVER}; dmarc=pass header.from=e.example",
            In_Reply_To=ours,
            References=f"<one@a.example> {ours}",
        )
    )
    assert eve.sender.startswith("eve@e.example/")


def test_answer_stays_in_its_thread_and_says_that_a_program_wrote_it() -> None:
    reply = answer(read(mail(References="<zero@a.example>")))
    assert reply["To"] == "anna@a.example"
    assert reply["From"] == '"Shop" <help@shop.example>'
    assert reply["Subject"] == "Re: Order 1234"
    assert reply["In-Reply-To"] == "<one@a.example>"
    assert reply["References"] == "<zero@a.example> <one@a.example>"
    assert reply["Auto-Submitted"] == "auto-replied"
    assert reply["X-Auto-Response-Suppress"] == "All"
    assert reply.get_payload().startswith(REPLY_MARK)


def test_every_try_of_an_answer_has_the_same_id() -> None:
    event = read(mail())
    assert answer(event)["Message-ID"] == answer(event)["Message-ID"]


def test_our_own_answer_is_never_answered() -> None:
    """The mail that a forwarding customer would send back to us."""
    ours = bytes(write_answer(outgoing(read(mail())), OWN, ""))
    vouched = f"Authentication-Results: {SERVER}; dmarc=pass header.from=shop.example\n"
    with pytest.raises(UntrustedMailError):
        read(vouched.encode() + ours)
    plain = mail(From=OWN, Authentication_Results=vouched.partition(": ")[2].strip())
    with pytest.raises(UntrustedMailError, match="our own address"):
        read(plain)


@pytest.mark.parametrize("count", [19, 20, 500])
def test_long_threads_keep_their_first_and_last_ids(count: int) -> None:
    ids = [f"<m{n}@a.example>" for n in range(count)]
    reply = answer(read(mail(References=" ".join(ids))))
    kept = reply["References"].split()
    assert len(kept) == min(count + 1, 20)
    assert (kept[0], kept[-1]) == (ids[0], "<one@a.example>")


def test_headers_of_a_customer_add_none_to_ours() -> None:
    content = mail().replace(
        b"Subject: Order 1234",
        b"Subject: =?utf-8?q?x=0D=0ABcc:_eve@e.example=0D=0A?=",
    )
    reply = answer(read(content))
    assert reply["Bcc"] is None
    assert reply["Subject"] == "Re: x Bcc: eve@e.example"


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({"Authentication_Results": ""}, "vouch"),
        ({"Auto_Submitted": "auto-replied"}, "Auto-Submitted"),
        ({"List_Id": "<news.a.example>"}, "List-Id"),
        ({"Message_ID": ""}, "Message-ID"),
        (
            {
                "From": f"{'a' * 60}@{'b' * 40}.example",
                "Authentication_Results": f"{SERVER}; dmarc=pass "
                f"header.from={'b' * 40}.example",
            },
            "characters",
        ),
    ],
)
def test_mail_that_is_not_answered(headers: dict[str, str], reason: str) -> None:
    with pytest.raises(UntrustedMailError, match=reason):
        read(mail(**headers))


def test_huge_mail_is_refused_and_a_cut_one_is_read() -> None:
    with pytest.raises(UntrustedMailError, match="bytes"):
        read(mail(), MAX_SIZE + 1)
    long = with_file("See the picture.", "a.png", 900_000)
    event = read(long[: 256 * 1024], len(long))
    assert event.text == "Order 1234\nSee the picture."
    assert [(file.kind, file.name) for file in event.attachments] == [
        ("image", "a.png")
    ]


def test_no_mail_of_the_future_jumps_the_queue() -> None:
    assert read(mail(Date="Sun, 22 Nov 2099 05:00:00 +0000")).sent_at <= time.time()
    assert read(mail(Date="yesterday")).sent_at == 0


def test_deep_nesting_is_refused() -> None:
    parts = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n)
        for n in range(3000)
    )
    with pytest.raises(UntrustedMailError):
        read(mail().partition(b"Content-Type")[0] + parts)


def test_ten_thousand_broken_mails_are_read_or_refused() -> None:
    """Whatever bytes a mail is made of, nothing but a refusal comes out."""
    chance = random.Random(7)
    seed = mail("Grüße\n\n> quoted\n", Subject="Grüße", References="<a@b.c> <d@e.f>")
    read_ones = 0
    for _ in range(10_000):
        content = bytearray(seed)
        for _ in range(chance.randrange(1, 6)):
            place = chance.randrange(len(content))
            content[place : place + chance.randrange(3)] = chance.randbytes(2)
        try:
            read(bytes(content))
            read_ones += 1
        except UntrustedMailError:
            pass
    assert read_ones > 1000

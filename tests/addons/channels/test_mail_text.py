import time
from email import message_from_bytes
from email.message import EmailMessage

import pytest

from addons.channels.mail_text import REPLY_MARK, html_text, new_text, written

QUOTES = {
    "Gmail": "On Tue, 3 Nov 2026 at 10:11, Shop <help@shop.example> wrote:\n"
    "> Shall I cancel it?\n> -- \n> The shop",
    "Gmail, broken line": "On Tue, 3 Nov 2026 at 10:11, The Shop of Everything\n"
    "<help@shop.example> wrote:\n\n> Shall I cancel it?",
    "German": "Am Di., 3. Nov. 2026 um 10:11 Uhr schrieb Shop <help@shop.example>:\n"
    "> Shall I cancel it?",
    "French": "Le mar. 3 nov. 2026 à 10:11, Shop <help@shop.example> a écrit :\n> Oui?",
    "Spanish": "El mar, 3 nov 2026 a las 10:11, Shop (<help@shop.example>) escribió:\n"
    "> ¿Sí?",
    "Outlook": "From: Shop <help@shop.example>\nSent: 03 November 2026 10:11\n"
    "To: Anna <anna@a.example>\nSubject: Your order\n\nShall I cancel it?",
    "Outlook in German": "Von: Shop <help@shop.example>\nGesendet: Dienstag\n"
    "An: Anna\nBetreff: Bestellung\n\nSoll ich?",
    "old Outlook": "-----Original Message-----\nShall I cancel it?",
    "unknown language": f"{REPLY_MARK}\nShall I cancel it?",
    "Thunderbird": "On 11/3/26 10:11, Shop wrote:\n> Shall I cancel it?\n>\n> Bye",
    "signature": "-- \nAnna Smith\nHead of Tea",
    "phone": "Sent from my iPhone",
}


@pytest.mark.parametrize("quote", QUOTES.values(), ids=QUOTES)
def test_quote_is_left_out(quote: str) -> None:
    assert new_text(f"Yes, please cancel it.\n\nThank you\n\n{quote}") == (
        "Yes, please cancel it.\n\nThank you"
    )


@pytest.mark.parametrize(
    "text",
    [
        "I'd like\n- one kettle\n- two mugs",
        "Thanks, but where is my order 1234?",
        "Kind regards are not enough.",
        "On Tuesday I called you.\nNobody answered.",
        "From: London\nI need it in Leeds.",
        "The box says:\nMira 1.5",
    ],
)
def test_what_only_looks_like_a_quote_is_kept(text: str) -> None:
    assert new_text(text) == text


def test_answer_below_a_marked_quote_is_kept() -> None:
    quote = "On 11/3/26 10:11, Shop wrote:\n> Shall I cancel it?\n"
    assert new_text(f"{quote}\nYes, please.") == "Yes, please."


def test_answers_between_quoted_lines_are_kept() -> None:
    assert new_text("> Colour?\nRed\n> Size?\nLarge") == "Red\nLarge"


@pytest.mark.parametrize(
    "text",
    [
        "On a wrote " * 9000,
        "On 1 wrote:\n" * 9000,
        "From: a\nTo: b\n" * 7000,
        "\n" * 100_000,
        "> " * 50_000,
        "--- " * 25_000,
        "<" * 100_000,
        "<p" * 50_000,
        "</p>" * 25_000,
        "<!--" * 25_000,
        "<blockquote>" * 8000,
        "&" * 100_000,
    ],
    ids=lambda text: text[:12].strip(),
)
def test_strange_text_takes_no_time(text: str) -> None:
    started = time.process_time()
    new_text(text)
    html_text(text)
    assert time.process_time() - started < 1.0


def test_html_becomes_what_a_reader_sees() -> None:
    html = (
        "<html><head><title>t</title><style>p{}</style></head><body>"
        "<p>Where is&nbsp;my\norder <b>1234</b>?</p><ul><li>Fast</li><li>please</li>"
        "</ul><script>alert(1)</script><div class='gmail_quote'>"
        "<div>On Tue, 3 Nov 2026, Shop &lt;help@shop.example&gt; wrote:<br></div>"
        "<blockquote>Shall I?</blockquote></div></body></html>"
    )
    assert new_text(html_text(html)) == "Where is my order 1234?\n\n- Fast\n- please"


def test_plain_text_is_preferred_and_files_are_listed() -> None:
    mail = EmailMessage()
    mail.set_content("It leaks, see the picture.")
    mail.add_alternative("<p>It <i>leaks</i>.</p>", subtype="html")
    mail.add_attachment(b"\x89PNG", maintype="image", subtype="png", filename="a b.png")
    mail.add_attachment(b"%PDF", maintype="application", subtype="pdf")
    assert written(message_from_bytes(bytes(mail))) == (
        "It leaks, see the picture.",
        ["a b.png (image/png)", "unnamed (application/pdf)"],
    )


def test_html_is_read_where_plain_text_is_missing() -> None:
    mail = EmailMessage()
    mail.set_content("<p>Hello</p>", subtype="html")
    assert written(message_from_bytes(bytes(mail))) == ("Hello", [])


@pytest.mark.parametrize(
    ("charset", "body", "text"),
    [
        ("iso-8859-1", "Gr\xfc\xdfe".encode("latin-1"), "Grüße"),
        ("windows-1252", b"5 \x80", "5 €"),
        ("utf-8", "Grüße".encode(), "Grüße"),
        ("gb2312", "茶壶".encode("gb2312"), "茶壶"),
        ("no-such-charset", b"Hello", "Hello"),
        ("windows-9999", b"Hello", "Hello"),
        ("zlib", b"Hello", "Hello"),
        ("undefined", b"Hello", "Hello"),
        ("idna", b"Hello", "Hello"),
        ("us-ascii", b"Gr\xfc", "Gr\ufffd"),
        ('utf-8"; x="', b"Hello", "Hello"),
    ],
)
def test_charset_is_only_believed_where_it_is_one(
    charset: str, body: bytes, text: str
) -> None:
    head = f"Content-Type: text/plain; charset={charset}\r\n\r\n".encode()
    assert written(message_from_bytes(head + body)) == (text, [])


def test_broken_encodings_of_a_body_lose_nothing_else() -> None:
    head = b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    assert written(message_from_bytes(head + b"!!!"))[1] == []


def test_mail_within_a_mail_is_a_file() -> None:
    inner = EmailMessage()
    inner.set_content("I grant a refund.")
    mail = EmailMessage()
    mail.set_content("See below.")
    mail.add_attachment(inner)
    assert written(message_from_bytes(bytes(mail))) == (
        "See below.",
        ["unnamed (message/rfc822)"],
    )

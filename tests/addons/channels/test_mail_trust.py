from email import message_from_string
from email.message import Message

import pytest

from addons.channels.mail_trust import (
    UntrustedMailError,
    from_address,
    parse_results,
    refuse_automatic,
    trusted_sender,
)

ANNA = "From: Anna <Anna@a.example>"


def mail(*headers: str) -> Message:
    return message_from_string("\n".join(headers) + "\n\nHello")


@pytest.mark.parametrize(
    "results",
    [
        "mx.shop.example; dmarc=pass (p=NONE) header.from=a.example",
        "MX.shop.example 1; spf=fail; DMARC=Pass header.from=A.example",
        "mx.shop.example; dmarc=pass\n policy.published-domain-policy=none"
        "\n header.from=a.example",
        "mx.shop.example; dkim=pass header.d=a.example header.b=abc=",
        "mx.shop.example; dkim=pass header.i=@a.example; dmarc=none",
        "mx.shop.example; spf=pass (domain of x; designates) smtp.mailfrom=b@a.example",
        'mx.shop.example; dkim=fail reason="a;b=c"; dkim=pass header.d=a.example',
    ],
)
def test_sender_is_known_where_the_server_vouches(results: str) -> None:
    message = mail(f"Authentication-Results: {results}", ANNA)
    assert trusted_sender(message, "mx.shop.example") == "anna@a.example"


@pytest.mark.parametrize(
    "headers",
    [
        [],
        ["Authentication-Results: mx.shop.example; none"],
        ["Authentication-Results:"],
        ["Authentication-Results: mx.shop.example; dmarc=fail header.from=a.example"],
        ["Authentication-Results: mx.shop.example; dmarc=pass header.from=e.example"],
        ["Authentication-Results: mx.shop.example; dmarc=pass"],
        ["Authentication-Results: mx.shop.example; (dmarc=pass header.from=a.example)"],
        ["Authentication-Results: evil.example; dmarc=pass header.from=a.example"],
        ["Authentication-Results: mx.shop.example.e; dmarc=pass header.from=a.example"],
        ["Authentication-Results: mx.shop.example; dkim=pass header.d=evil.example"],
        ["Authentication-Results: mx.shop.example; dkim=fail header.d=a.example"],
        ["Authentication-Results: mx.shop.example; dkim=pass header.d=sub.a.example"],
        ["Authentication-Results: mx.shop.example; spf=pass smtp.mailfrom=x@b.example"],
        ["Authentication-Results: mx.shop.example; spf=pass smtp.helo=a.example"],
        [
            "Authentication-Results: mx.shop.example; dkim=pass header.d=a.example; "
            "dmarc=fail header.from=a.example"
        ],
        [  # what a sender slips into a value that the server did not quote
            "Authentication-Results: mx.shop.example; spf=pass smtp.mailfrom=x;"
            "dmarc=pass header.from=a.example; dmarc=fail header.from=a.example"
        ],
        [
            'Authentication-Results: mx.shop.example; spf=pass smtp.mailfrom="x; '
            'dmarc=pass header.from=a.example"@evil.example'
        ],
        [  # the forged one lies below the server's own
            "Authentication-Results: mx.shop.example; dmarc=fail header.from=a.example",
            "Authentication-Results: mx.shop.example; dmarc=pass header.from=a.example",
        ],
        ["X-Authentication-Results: mx.shop.example; dmarc=pass header.from=a.example"],
        [
            "ARC-Authentication-Results: i=1; mx.shop.example; dmarc=pass "
            "header.from=a.example"
        ],
    ],
)
def test_nobody_else_is_believed(headers: list[str]) -> None:
    with pytest.raises(UntrustedMailError, match="does not vouch"):
        trusted_sender(mail(*headers, ANNA), "mx.shop.example")


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("anna@a.example", "anna@a.example"),
        ("<anna@a.example>", "anna@a.example"),
        ('"Smith, Anna (home)" <anna@a.example>', "anna@a.example"),
        ("=?utf-8?b?QW5uYQ==?= <Anna@A.Example>", "anna@a.example"),
        ("Anna\n <anna@a.example>", "anna@a.example"),
        ("Anna O'Hara (sales) <a.o'hara+x@a.example>", "a.o'hara+x@a.example"),
    ],
)
def test_one_plain_address_is_read(value: str, address: str) -> None:
    assert from_address(mail(f"From: {value}")) == address


@pytest.mark.parametrize(
    "headers",
    [
        ["To: x"],
        ["From:"],
        ["From: anna"],
        ["From: anna@localhost"],
        ["From: anna@a.example, eve@e.example"],
        ["From: anna@a.example", "From: eve@e.example"],
        ["From: anna@a.example <eve@e.example>"],
        ["From: anna@a.example)eve@e.example"],
        ["From: <anna@a.example> <eve@e.example>"],
        ["From: Friends: anna@a.example;"],
        ["From: anna@a.example\x00.evil.example"],
        ["From: änna@a.example"],
        ["From: " + " " * 3000 + "x"],
    ],
)
def test_anything_but_one_plain_address_is_refused(headers: list[str]) -> None:
    with pytest.raises(UntrustedMailError, match="not one plain address"):
        from_address(mail(*headers))


@pytest.mark.parametrize(
    "header",
    [
        "Auto-Submitted: auto-replied",
        "Auto-Submitted: Auto-Generated; x=y",
        "Precedence: bulk",
        "Precedence: List",
        "Precedence: auto_reply",
        "X-Auto-Response-Suppress: DR, OOF, AutoReply",
        "X-Auto-Response-Suppress: All",
        "Return-Path: <>",
        "List-Id: News <news.a.example>",
        "List-Unsubscribe: <mailto:x@a.example>",
        "X-Autoreply: yes",
        "Content-Type: multipart/report; report-type=delivery-status",
    ],
)
def test_program_is_not_answered(header: str) -> None:
    with pytest.raises(UntrustedMailError, match=header.split(":")[0]):
        refuse_automatic(mail(header, ANNA))


@pytest.mark.parametrize(
    "sender", ["MAILER-DAEMON@a.example", "no-reply@a.example", "bounce+77@a.example"]
)
def test_address_that_nobody_reads_is_not_answered(sender: str) -> None:
    with pytest.raises(UntrustedMailError, match="From"):
        refuse_automatic(mail(f"From: {sender}"))


@pytest.mark.parametrize(
    "header",
    ["Auto-Submitted: no", "Precedence: first-class", "X-Auto-Response-Suppress: OOF"],
)
def test_person_is_answered(header: str) -> None:
    refuse_automatic(mail(header, ANNA, "Return-Path: <anna@a.example>"))


def test_results_are_read_as_written() -> None:
    server, results = parse_results(
        "mx.google.com; dkim=pass header.i=@a.example header.s=s1 header.b=Ab12=;"
        " spf=pass (google.com: domain of a@a.example (see) designates) "
        "smtp.mailfrom=a@a.example"
    )
    assert server == "mx.google.com"
    assert [tuple(result) for result in results] == [
        (
            "dkim",
            "pass",
            {"header.i": "@a.example", "header.s": "s1", "header.b": "ab12"},
        ),
        ("spf", "pass", {"smtp.mailfrom": "a@a.example"}),
    ]

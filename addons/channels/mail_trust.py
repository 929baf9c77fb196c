"""Whom a mail is really from, by the word of the server that received it.

`Authentication-Results` of our own server says
  dmarc=pass header.from=D     D is the domain of `From`: the sender is who it says
  dkim=pass header.d=D         the same, where D publishes no DMARC policy
  spf=pass smtp.mailfrom=D     the same, where D publishes no DMARC policy
the sender's program says
  `Auto-Submitted`, `Precedence: bulk`, `List-Id`, `X-Auto-Response-Suppress: All`,
  an empty `Return-Path`, ...  a program wrote it: it is never answered

Only the topmost header with the configured id counts: a server puts its own above what
the sender wrote, and removes forged ones (RFC 8601, sections 4.1 and 5; RFC 3834).
"""

import re
from email import message_from_bytes
from email.message import Message
from typing import Dict, List, NamedTuple, Tuple

MAX_HEADER = 4000

# `name <address>` or an address alone. What a customer's program writes; all else, such
# as two addresses or an address as name, has fooled parsers before (CVE-2023-27043).
_ADDRESS = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"
_FROM = re.compile(rf'(?:"(?:[^"\\]|\\.)*"|[^<>"@,;:]*) ?<({_ADDRESS})>|({_ADDRESS})')
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[;=]|[^\s;="]+')
_MACHINES = re.compile(
    r"(mailer-daemon|postmaster|bounces?|no-?reply|do-?not-?reply|notifications?)"
    r"([+._-].*)?@"
)


class UntrustedMailError(ValueError):
    """A mail that is not answered; its text says why, for the log."""


class Result(NamedTuple):
    """One verdict, such as `dmarc=pass header.from=shop.example`."""

    method: str
    verdict: str
    properties: Dict[str, str]


def trusted_sender(message: Message, authserv_id: str) -> str:
    """The address that a mail is from, in lower case, vouched for by `authserv_id`.

    Raises:
        UntrustedMailError: Nobody vouches for it, or a machine sent it.
    """
    address = from_address(message)
    domain = address.rpartition("@")[2]
    verdicts = _verdicts(message, authserv_id)
    dmarc = [result for result in verdicts if result.method == "dmarc"]
    if any(result.verdict == "pass" for result in dmarc):
        vouched = {_domain(dmarc[0], "header.from")}
    elif not dmarc or all(result.verdict == "none" for result in dmarc):
        vouched = {_vouched_domain(result) for result in verdicts}
    else:
        vouched = set()
    if len(dmarc) > 1 or domain not in vouched:
        raise UntrustedMailError(f"{authserv_id!r} does not vouch for {domain!r}")
    return address


def refuse_automatic(message: Message) -> None:
    """Refuse what a program sent: an answer could be answered, without end.

    Raises:
        UntrustedMailError: It is a bounce, a list mail, an out-of-office note, ...
    """
    submitted = _header(message, "Auto-Submitted").split(";")[0].strip()
    suppress = _header(message, "X-Auto-Response-Suppress")
    reasons = {
        "Auto-Submitted": submitted not in ("", "no"),
        "Precedence": _header(message, "Precedence")
        in ("bulk", "junk", "list", "auto_reply"),
        "X-Auto-Response-Suppress": re.search(r"\b(all|autoreply)\b", suppress),
        "Return-Path": _header(message, "Return-Path") == "<>",
        "Content-Type": message.get_content_type() == "multipart/report",
        "From": _MACHINES.match(from_address(message)),
    }
    for name in ("List-Id", "List-Unsubscribe", "List-Post", "X-Autoreply", "X-Loop"):
        reasons[name] = name in message
    for name, found in reasons.items():
        if found:
            raise UntrustedMailError(f"it was sent by a program: see its {name!r}")


def from_address(message: Message) -> str:
    """The one address of `From`, in lower case.

    Raises:
        UntrustedMailError: There is none, several, or it is written strangely.
    """
    headers = message.get_all("From") or []
    value = " ".join(str(headers[0])[:MAX_HEADER].split()) if len(headers) == 1 else ""
    match = _FROM.fullmatch(value)
    if match is None:
        raise UntrustedMailError(f"'From' is {value[:200]!a}, not one plain address")
    return (match.group(1) or match.group(2)).lower()


def checked_by(headers: bytes) -> str:
    """The name of the server that last checked a mail; empty where none did."""
    message = message_from_bytes(headers)
    return parse_results(str(message.get("Authentication-Results", "")))[0]


def parse_results(value: str) -> Tuple[str, List[Result]]:
    """The server that speaks and its verdicts, of one `Authentication-Results`."""
    tokens = _TOKEN.findall(_without_comments(value[:MAX_HEADER]))
    parts: List[List[str]] = [[]]
    for token in tokens:
        if token == ";":
            parts.append([])
        else:
            parts[-1].append(token[1:-1] if token.startswith('"') else token)
    server = parts[0][0].lower() if parts[0] else ""
    return server, [_result(part) for part in parts[1:] if len(part) >= 3]


def _verdicts(message: Message, authserv_id: str) -> List[Result]:
    for value in message.get_all("Authentication-Results") or []:
        server, results = parse_results(str(value))
        if server == authserv_id.lower():
            return results
    return []


def _result(tokens: List[str]) -> Result:
    pairs = {}
    for position, token in enumerate(tokens[1:-1], start=1):
        if token == "=":
            pairs.setdefault(tokens[position - 1].lower(), tokens[position + 1].lower())
    method = tokens[0].lower()
    return Result(method.partition("/")[0], pairs.pop(method, ""), pairs)


def _vouched_domain(result: Result) -> str:
    if result.verdict == "pass" and result.method == "dkim":
        return _domain(result, "header.d") or _domain(result, "header.i")
    if result.verdict == "pass" and result.method == "spf":
        return _domain(result, "smtp.mailfrom")
    return ""


def _domain(result: Result, name: str) -> str:
    return result.properties.get(name, "").rpartition("@")[2]


def _without_comments(value: str) -> str:
    """The value without what stands in parentheses, which may nest."""
    kept, depth, quoted, position = [], 0, False, 0
    while position < len(value):
        character = value[position]
        if character == "\\":
            if not depth:
                kept.append(value[position : position + 2])
            position += 2
            continue
        if character == '"' and not depth:
            quoted = not quoted
        if character == "(" and not quoted:
            depth += 1
        elif character == ")" and depth:
            depth -= 1
            character = " "
        if not depth:
            kept.append(character)
        position += 1
    return "".join(kept)


def _header(message: Message, name: str) -> str:
    return str(message.get(name, ""))[:MAX_HEADER].strip().lower()

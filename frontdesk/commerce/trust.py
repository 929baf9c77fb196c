"""Who a visitor has shown to be, and what each operation needs.

The level is never a slot, a message or a button: it is read from the token that the
shop signed, or from our own table keyed by conversation (`verification`), each time.

| level | how it is reached | opens |
| --- | --- | --- |
| anonymous | nothing | products, stock, policies |
| identified | an order's number and its email or phone | that order's status, masked |
| verified | a one-time code sent to an email address | what belongs to the address |
| signed_in | a token of the shop | what belongs to the customer |

Errors:
    CommerceError
        TrustError
            NeedsLevelError: the visitor has not shown enough for this
            TooManyTriesError: locked for a while; a person can help
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from frontdesk.commerce.errors import CommerceError
from frontdesk.commerce.values import Order

_MAX_ID = 200
_MAX_WHO = 300

Level = Literal["anonymous", "identified", "verified", "signed_in"]


class TrustError(CommerceError):
    """The visitor may not do this, or not yet."""


class NeedsLevelError(TrustError):
    """The visitor has to show more first.

    It says the same for an order that does not exist and for somebody else's.

    Attributes:
        level: What has to be reached: `identified` asks for order number and contact,
            `verified` for a one-time code.
    """

    def __init__(self, level: Literal["identified", "verified"]) -> None:
        super().__init__(f"The visitor has to be {level} for this.")
        self.level = level


class TooManyTriesError(TrustError):
    """Too many wrong tries; `until` is when the next one is looked at."""

    def __init__(self, until: datetime) -> None:
        super().__init__(f"Locked until {until.isoformat()} after too many tries.")
        self.until = until


@dataclass(frozen=True)
class Visitor:
    """Who speaks: the conversation's id, and the token that came with the message.

    The id is the tracker's `sender_id`; the token is the raw `identity_token` of the
    message's metadata, checked here and nowhere believed.
    """

    conversation: str
    identity_token: str = ""

    @property
    def id(self) -> str:
        """The conversation's id as our tables hold it: of bounded length, printable."""
        name = self.conversation
        if name.isprintable() and 0 < len(name) <= _MAX_ID:
            return name
        return f"sha256:{hashlib.sha256(name.encode('utf-8', 'replace')).hexdigest()}"


@dataclass(frozen=True)
class Trust:
    """What a visitor has shown, as of now.

    Attributes:
        emails: Addresses in lower case that the visitor reads the mail of.
        customer_id: The shop's customer: named by the token, or owner of an address.
        orders: Numbers of the orders that the visitor identified.
        account_email: The address of the account, by the word of the token; it opens
            nothing by itself, since the shop may not have checked it.
    """

    level: Level = "anonymous"
    emails: frozenset[str] = frozenset()
    customer_id: str | None = None
    orders: frozenset[str] = frozenset()
    account_email: str = ""

    @property
    def strong(self) -> bool:
        """Whether this reveals and changes the visitor's own things."""
        return self.level in ("verified", "signed_in")

    @property
    def who(self) -> str:
        """For the audit: the level, and by what it was reached."""
        shown = [f"customer {self.customer_id}"] if self.customer_id else []
        shown += sorted(self.emails)
        return f"{self.level}: {', '.join(shown)}"[:_MAX_WHO]

    def reads_mail_of(self, email: str) -> bool:
        """Whether messages to this address reach the visitor, or their account."""
        address = email.strip().casefold()
        own = {*self.emails, self.account_email} - {""}
        return self.strong and address in own

    def owns(self, order: Order) -> bool:
        """Whether the order is this visitor's, shown by code or token."""
        if not self.strong:
            return False
        if self.customer_id is not None and order.customer_id == self.customer_id:
            return True
        return bool(order.email) and order.email.casefold() in self.emails

    def knows(self, order: Order) -> bool:
        """Whether the order's masked status may be told."""
        return self.owns(order) or normal_number(order.number) in self.orders


def normal_number(number: str) -> str:
    """An order number as it is compared: upper case, without `#` and spaces."""
    return "".join(number.split()).lstrip("#").upper()

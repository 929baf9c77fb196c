"""What can go wrong with a shop, as its back end and our own rules say it.

Errors:
    CommerceError
        NotFoundError: no such order, customer, product or return
        RefusedError: the back end will not do it (already dispatched, sold out)
        UnsupportedError: this vendor does not offer the operation
        UnavailableError: no connection, 429 or 5xx; certainly nothing was written
        UncertainError: a write was sent and no answer came; it may have happened
        ShopSettingsError: the shop cannot be opened as it is configured
"""

from __future__ import annotations


class CommerceError(Exception):
    """Something a shop's back end could not do; the message is for the log."""


class NotFoundError(CommerceError):
    """There is no such order, customer, product or return."""


class RefusedError(CommerceError):
    """The back end refused a write and changed nothing.

    Attributes:
        reason: A short word of ours such as `already_shipped`, `already_cancelled`,
            `already_returned`, `out_of_stock`, `not_allowed` or `key_reused`.
    """

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class UnsupportedError(CommerceError):
    """The vendor does not offer this operation; see `capabilities()`."""


class UnavailableError(CommerceError):
    """The back end did not answer or is overloaded; certainly nothing was written.

    Attributes:
        retry_after_s: When the back end says it may be asked again, else None.
    """

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class UncertainError(CommerceError):
    """A write was sent and no answer came: ask `find_write` before any retry."""


class ShopSettingsError(CommerceError):
    """A setting of the shop is missing or wrong; the message names it and the fix."""

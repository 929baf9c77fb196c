"""Opens the shop and the desk that the settings name."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from frontdesk.commerce.backend import CommerceBackend
from frontdesk.commerce.demo.backend import DemoShop, utc_now
from frontdesk.commerce.errors import ShopSettingsError
from frontdesk.commerce.identity import IdentityCheck
from frontdesk.commerce.mailing import Mailer, Outbox, SmtpMailer
from frontdesk.commerce.records import Records
from frontdesk.commerce.rules import read_policy
from frontdesk.commerce.service import Desk
from frontdesk.commerce.shopify import open_shopify
from frontdesk.commerce.verification import Verification
from frontdesk.commerce.woocommerce import open_woocommerce
from frontdesk.settings import Settings

CATALOGUE = Path("products") / "catalogue.csv"


def open_backend(settings: Settings) -> CommerceBackend:
    """The back end that `FRONTDESK_COMMERCE` names; blocking.

    Raises:
        ShopSettingsError: There is none of that name, or it cannot be opened.
    """
    if settings.commerce == "demo":
        url = settings.shop_url or _sqlite(settings.var / "shop.sqlite3")
        return DemoShop(url, settings.kb / CATALOGUE)
    if settings.commerce == "shopify":
        return open_shopify(settings)
    if settings.commerce == "woocommerce":
        return open_woocommerce(settings)
    raise ShopSettingsError(
        f"FRONTDESK_COMMERCE is {settings.commerce!r}; choose demo, shopify or "
        "woocommerce."
    )


def open_desk(settings: Settings) -> Desk:
    """The desk on that back end, with records of its own; blocking.

    Raises:
        ShopSettingsError: The back end, the records, the policy or the mail cannot be
            opened.
    """
    return make_desk(
        open_backend(settings),
        Records(settings.desk_url or _sqlite(settings.var / "desk.sqlite3")),
        _mailer(settings),
        settings.identity_secret,
    )


def make_desk(
    backend: CommerceBackend,
    records: Records,
    mailer: Mailer,
    identity_secret: str = "",
    clock: Callable[[], datetime] = utc_now,
) -> Desk:
    """A desk on what is given, with the rules of `policy.toml`.

    Raises:
        ShopSettingsError: The policy or the secret cannot be used.
    """
    policy = read_policy()
    identity = IdentityCheck(identity_secret, clock)
    verification = Verification(
        backend, records, mailer, identity, policy.verification, clock
    )
    return Desk(backend, records, verification, policy, clock)


def _mailer(settings: Settings) -> Mailer:
    if settings.smtp_url:
        return SmtpMailer(settings.smtp_url, settings.mail_from)
    return Outbox(settings.var / "outbox.jsonl")


def _sqlite(path: Path) -> str:
    return f"sqlite:///{path}"

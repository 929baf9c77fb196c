"""One module per connector, each with its `CASE`; whoever is listed here is tested."""

from tests.addons.channels.cases import (
    meta,
    slack,
    telegram,
    twilio,
    webhook,
    whatsapp,
)
from tests.fakes_messaging import Case

CASES: list[Case] = [
    whatsapp.CASE,
    telegram.CASE,
    slack.CASE,
    meta.CASE,
    twilio.CASE,
    webhook.CASE,
]

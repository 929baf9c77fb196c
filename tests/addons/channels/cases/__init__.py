"""One module per connector, each with its `CASE`; whoever is listed here is tested."""

from tests.addons.channels.cases import slack, telegram, whatsapp
from tests.fakes_messaging import Case

CASES: list[Case] = [whatsapp.CASE, telegram.CASE, slack.CASE]

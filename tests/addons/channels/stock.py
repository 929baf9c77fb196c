"""Rasa 3.6.21's own connectors, served alone and pointed at a vendor on this machine.

    python -m tests.addons.channels.stock NAME PORT TURNS VENDOR_URL SECRET

Nothing of the connectors is changed but the address they send to. SECRET is "set" or
"unset".
"""

import dataclasses
import hashlib
import hmac
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from rasa.core.channels.callback import CallbackInput
from rasa.core.channels.facebook import FacebookInput, Messenger
from rasa.core.channels.slack import SlackInput
from rasa.core.channels.telegram import TelegramInput
from rasa.core.channels.twilio import TwilioInput
from rasa.utils.endpoints import EndpointConfig

from tests.addons.channels.cases import meta, slack, telegram, twilio
from tests.addons.channels.recording import serve
from tests.fakes_messaging import Delivery, Message, as_body


@dataclass(frozen=True)
class Stock:
    """A connector of Rasa's.

    Args:
        build: The connector for a vendor's address, with or without its secret.
        deliver: Calls that it takes for genuine.
        forge: Calls that it should not take.
    """

    build: Callable[[str, bool], Any]
    deliver: Callable[[Sequence[Message]], list[Delivery]]
    forge: Callable[[Delivery], dict[str, Delivery]]


def build_slack(url: str, secret: bool) -> Any:
    channel: Any = SlackInput.from_credentials(
        {
            "slack_token": slack.TOKEN,
            "slack_signing_secret": slack.SECRET if secret else "",
        }
    )
    output = channel.get_output_channel

    def to_vendor(*arguments: Any) -> Any:
        bot = output(*arguments)
        bot.client.base_url = f"{url}/api/"
        return bot

    channel.get_output_channel = to_vendor
    return channel


def deliver_slack(messages: Sequence[Message]) -> list[Delivery]:
    """Without a charset in the content type, which Rasa's connector cannot read."""
    return [
        slack.signed(delivery.body, "application/json")
        for delivery in slack.deliver(messages)
    ]


def build_telegram(url: str, secret: bool) -> Any:
    from aiogram.bot import api

    here = api.TelegramAPIServer.from_base(url)
    object.__setattr__(api.TELEGRAM_PRODUCTION, "base", here.base)
    return TelegramInput(telegram.TOKEN, "shop_bot", "https://bot.example")


def build_facebook(url: str, secret: bool) -> Any:
    start = Messenger.__init__

    def to_vendor(self: Any, *arguments: Any, **keywords: Any) -> None:
        start(self, *arguments, **keywords)
        self.client.graph_url = f"{url}/v2.12"

    Messenger.__init__ = to_vendor  # type: ignore[method-assign]
    return FacebookInput("chosen-by-us", meta.SECRET if secret else "", meta.TOKEN)


def deliver_facebook(messages: Sequence[Message]) -> list[Delivery]:
    """With the SHA-1 header, the only one that Rasa's connector knows."""
    return [with_sha1(delivery, meta.SECRET) for delivery in meta.deliver(messages)]


def with_sha1(delivery: Delivery, secret: str, name: str = "sha1") -> Delivery:
    digest = hmac.new(secret.encode(), delivery.body, getattr(hashlib, name))
    signature = {"X-Hub-Signature": f"{name}={digest.hexdigest()}"}
    return Delivery(delivery.body, {**delivery.headers, **signature})


def forge_facebook(delivery: Delivery) -> dict[str, Delivery]:
    plain = dataclasses.replace(delivery, headers={"Content-Type": "application/json"})
    return {
        "no signature": plain,
        "another secret": with_sha1(plain, "another"),
        "empty secret": with_sha1(plain, ""),
        "another algorithm": with_sha1(plain, meta.SECRET, "md5"),
    }


def build_twilio(url: str, secret: bool) -> Any:
    channel = TwilioInput(
        "AC" + "0" * 32, "token" if secret else "none", "+442079460112"
    )
    output = channel.get_output_channel

    def to_vendor() -> Any:
        bot = output()
        request = bot.http_client.request

        def redirected(method: str, uri: str, *rest: Any, **keywords: Any) -> Any:
            here = urlsplit(url)
            there = urlsplit(uri)._replace(scheme=here.scheme, netloc=here.netloc)
            return request(method, urlunsplit(there), *rest, **keywords)

        bot.http_client.request = redirected
        return bot

    channel.get_output_channel = to_vendor  # type: ignore[method-assign]
    return channel


def deliver_callback(messages: Sequence[Message]) -> list[Delivery]:
    return [
        Delivery(
            as_body({"sender": str(one.customer), "message": one.text}),
            {"Content-Type": "application/json"},
        )
        for one in messages
    ]


# By the name of our own connector for the same vendor.
STOCK = {
    "slack": Stock(build_slack, deliver_slack, slack.forge),
    "telegram": Stock(build_telegram, telegram.deliver, telegram.forge),
    "meta": Stock(build_facebook, deliver_facebook, forge_facebook),
    "twilio": Stock(build_twilio, twilio.deliver, twilio.forge),
    "webhook": Stock(
        lambda url, secret: CallbackInput(EndpointConfig(url)),
        deliver_callback,
        lambda delivery: {"no signature": delivery},
    ),
}


if __name__ == "__main__":
    name, port, turns, url, secret = sys.argv[1:]
    serve([STOCK[name].build(url, secret == "set")], int(port), turns)

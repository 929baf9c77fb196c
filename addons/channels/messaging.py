"""The base of messaging channels: a connector says what is special about its vendor.

    webhook -> `verify` the raw body -> `read` its events -> remember the new ones
    -> answer the vendor at once
    later, in order per conversation: turn -> its parts -> `render` -> outbox -> `send`

A connector subclasses `MessagingInput` and writes `name`, `options`, `verify`, `read`,
`render`, `send` and `probe`; docs/channels/README.md shows how, whatsapp.py is the
example.
"""

import asyncio
import logging
import os
import time
from dataclasses import asdict, replace
from typing import (
    Any,
    Awaitable,
    Callable,
    ClassVar,
    Dict,
    List,
    Optional,
    Sequence,
    Tuple,
    Type,
    TypeVar,
)

from rasa.core.agent import Agent
from rasa.core.channels.channel import InputChannel, OutputChannel, UserMessage
from sanic import Blueprint, Sanic
from sanic.request import Request
from sanic.response import HTTPResponse

from addons import runtime
from addons.channels.base import FAILED, Handler, Reply, Turns, as_json
from addons.channels.courier import Courier, Errands, Retries
from addons.channels.deliveries import Deliveries, Turn, default_url
from addons.channels.guard import (
    NO_TEXT,
    RefusedMessageError,
    SenderError,
    guard_sender,
)
from addons.channels.linking import Links, links_of
from addons.channels.messages import Inbound, Option, Outgoing, SendError
from addons.channels.parts import Part, Text, parts
from addons.channels.utterances import answered_before, message_id, said
from addons.channels.webhook import Receipt, Received, WebhookError, read_body

logger = logging.getLogger(__name__)

# A turn that was begun this often and never ended is not begun again.
_MAX_RUNS = 3


C = TypeVar("C", bound="MessagingInput")


class MessagingInput(InputChannel):
    """A channel whose vendor calls a webhook and is called back."""

    # --- what a connector says about its vendor
    options: ClassVar[Tuple[Option, ...]] = ()
    max_body: ClassVar[int] = 1024 * 1024
    # How many cards it shows; those beyond are told in the text before them.
    most_cards: ClassVar[int] = 0
    # The vendor reports messages that arrived within this time (see `Receipt`).
    receipt_s: ClassVar[float] = 0.0
    # Calls under way at once (see `Errands`), where the vendor cannot be asked about
    # one that a crash cut off. 0: any number.
    in_flight: ClassVar[int] = 0

    def verify(self, request: Request, body: bytes) -> None:
        """Nothing, if the vendor itself sent this body.

        Raises:
            NotVerified: It cannot show that.
        """
        raise NotImplementedError

    def read(self, request: Request, body: bytes) -> Received:
        """Every event of a verified body; those without meaning for us are left out.

        Raises:
            Malformed: The body has not the vendor's form.
        """
        raise NotImplementedError

    def render(self, part: Part) -> List[Dict[str, Any]]:
        """The API calls, each one JSON object, that show a part within all limits."""
        raise NotImplementedError

    async def send(self, call: Outgoing) -> str:
        """The vendor's id of the message that a call became.

        Raises:
            SendError: It did not go through.
        """
        raise NotImplementedError

    async def arrived(self, call: Outgoing) -> bool:
        """Whether a call of unknown outcome did go through; False where none can tell.

        Raises:
            SendError: The vendor could not be asked.
        """
        return False

    async def show_typing(self, inbound: Inbound) -> None:
        """Mark as read and show that an answer is being written, where that exists.

        Raises:
            SendError: The vendor did not take it, which nobody needs to know.
        """

    async def probe(self) -> List[str]:
        """One sentence for each thing the vendor says is wrong with our set-up."""
        return []

    async def opened(self) -> None:
        """Called once the channel is up; a connector that polls begins here."""

    async def closed(self) -> None:
        """Called before the channel goes down; close what `opened` or `send` opened."""

    def add_routes(self, webhook: Blueprint) -> None:
        """Add routes beside `POST /webhook`, such as a vendor's handshake."""

    # --- what is the same for all of them
    def __init__(
        self,
        option: Dict[str, str],
        turns: Optional[Turns] = None,
        deliveries_url: str = "",
        retries: Optional[Retries] = None,
        sweep_s: float = 2.0,
    ) -> None:
        """A channel.

        Args:
            option: A value for each of `options`; empty if it is not set.
            turns: How turns are run.
            deliveries_url: The database of accepted events, as an SQLAlchemy URL.
            retries: When failed calls are tried again.
            sweep_s: How often to look for work that somebody left.
        """
        self.option = option
        self._turns = turns or Turns()
        self._url = deliveries_url
        self._retries = retries
        self._sweep_s = sweep_s
        self._handle: Optional[Handler] = None
        self._app: Optional[Sanic] = None
        self._deliveries: Optional[Deliveries] = None
        self._courier: Optional[Courier] = None
        self._links: Optional[Links] = None
        self._background: set[asyncio.Task[None]] = set()

    @classmethod
    def variable(cls, option: str) -> str:
        """The environment variable of an option."""
        return f"FRONTDESK_{cls.name()}_{option}".upper()

    @classmethod
    def from_credentials(
        cls: Type[C], credentials: Optional[Dict[str, Any]] = None
    ) -> C:
        """The channel as credentials.yml, else the environment, sets its options."""
        given = credentials or {}
        return cls(
            {
                option.name: str(
                    given.get(option.name)
                    or os.environ.get(cls.variable(option.name))
                    or option.default
                    or ""
                )
                for option in cls.options
            }
        )

    def missing(self) -> List[str]:
        """The variables without which the channel cannot work and that are not set."""
        return [
            self.variable(option.name)
            for option in self.options
            if option.default is None and not self.option.get(option.name)
        ]

    def is_wanted(self) -> bool:
        """Whether somebody began to set the channel up."""
        required = [option for option in self.options if option.default is None]
        return len(self.missing()) < len(required)

    async def check(self) -> List[str]:
        """One sentence for each thing that is wrong with the set-up."""
        if self.missing():
            return [f"{', '.join(self.missing())} is not set."]
        public = os.environ.get("FRONTDESK_PUBLIC_URL", "")
        problems = []
        if not public.startswith("https://"):
            problems.append(
                f"FRONTDESK_PUBLIC_URL is {public!r}. Set it to the https:// address "
                "under which the vendor reaches this server."
            )
        try:
            return problems + await self.probe()
        except SendError as error:
            return [*problems, str(error)]
        finally:
            await self.closed()

    def blueprint(
        self, on_new_message: Callable[[UserMessage], Awaitable[Any]]
    ) -> Blueprint:
        self._handle = on_new_message
        webhook = Blueprint(f"frontdesk_{self.name()}", __name__)
        if self.missing():
            if self.is_wanted():
                logger.error(
                    "Channel %r is off: %s is not set.",
                    self.name(),
                    ", ".join(self.missing()),
                )
            return webhook
        webhook.listener("before_server_start")(self._open)
        webhook.listener("before_server_stop")(self._close)

        @webhook.route("/webhook", methods=["POST"], stream=True)
        async def receive(request: Request) -> HTTPResponse:
            try:
                body = await read_body(request, self.max_body)
                self.verify(request, body)
                received = self.read(request, body)
            except WebhookError as error:
                logger.info("A call of %r was refused: %s", self.name(), error)
                return HTTPResponse(
                    as_json({"error": str(error)}),
                    error.status,
                    content_type="application/json",
                )
            await self.accept(received.events)
            for receipt in received.receipts:
                await self._note(receipt)
            return received.response or HTTPResponse("", 200)

        self.add_routes(webhook)
        return webhook

    async def accept(self, events: Sequence[Inbound]) -> None:
        """Remember events: once this returns, each will be answered exactly once."""
        if not events:
            return
        assert self._deliveries is not None and self._courier is not None
        fit = [event for event in events if self._is_fit(event)]
        for conversation in await self._deliveries.accept(
            self.name(), fit, time.time()
        ):
            self._courier.wake(conversation)

    async def push(self, conversation: str, messages: List[Dict[str, Any]]) -> None:
        """Send something that answers no message: a reminder, a person's words."""
        assert self._deliveries is not None and self._courier is not None
        assert self._links is not None
        conversation = await self._links.address_on(self.name(), conversation)
        await self._deliveries.push(conversation, self._calls(messages), time.time())
        self._courier.wake(conversation)

    def get_output_channel(self) -> Optional[OutputChannel]:
        return None if self.missing() else Push(self)

    async def _open(self, app: Sanic, loop: Any) -> None:
        self._app = app
        url = self._url or default_url()
        shared = app.ctx.__dict__.setdefault("deliveries", {})
        if url not in shared:
            shared[url] = Deliveries(url)
            await shared[url].open()
        self._deliveries = shared[url]
        self._links = await links_of(app, url)
        self._links.tell_by(self.name(), self.push)
        self._courier = Courier(
            self.name(),
            shared[url],
            Errands(
                self._answer, self.send, self.arrived, self.receipt_s, self.in_flight
            ),
            self._retries,
            self._sweep_s,
        )
        self._courier.start()
        await self.opened()

    async def _close(self, app: Sanic, loop: Any) -> None:
        if self._courier is not None:
            await self._courier.stop()
        await self.closed()

    async def _note(self, receipt: Receipt) -> None:
        assert self._deliveries is not None
        if receipt.error:
            logger.error(
                "%r did not deliver call %r: %s",
                self.name(),
                receipt.key,
                receipt.error,
            )
            return
        await self._deliveries.confirm(
            self.name(), receipt.key, receipt.vendor_id, time.time()
        )

    def _is_fit(self, event: Inbound) -> bool:
        try:
            guard_sender(f"{self.name()}:{event.sender}")
        except SenderError as error:
            logger.warning("An event of %r was left out: %s", self.name(), error)
            return False
        return bool(event.event_id and event.sender)

    async def _answer(self, turn: Turn) -> List[Dict[str, Any]]:
        """The calls that answer a turn; run once, also if a crash came in between."""
        agent = getattr(self._app.ctx, "agent", None) if self._app else None
        assert self._links is not None
        told = await self._links.answer(turn.conversation, turn.inbound.text)
        if told is not None:
            return self._calls([{"text": told}])
        joined = await self._links.conversation_of(turn.conversation)
        turn = replace(turn, conversation=joined)
        if turn.tries:
            known = await answered_before(agent, turn, self.name())
            if known is not None:
                return self._calls(known)
        if turn.tries >= _MAX_RUNS:
            return self._calls([{"text": runtime.or_contact(FAILED)}])
        typing = asyncio.create_task(self._type(turn.inbound))
        self._background.add(typing)
        typing.add_done_callback(self._background.discard)
        return self._calls(await self._run_turn(agent, turn))

    async def _run_turn(
        self, agent: Optional[Agent], turn: Turn
    ) -> List[Dict[str, Any]]:
        assert self._handle is not None
        inbound = turn.inbound
        try:
            text = await said(agent, turn.conversation, inbound)
        except RefusedMessageError as error:
            is_file = bool(inbound.attachments) and not inbound.text
            return [{"text": NO_TEXT if is_file else str(error)}]
        message = UserMessage(
            text,
            Reply(self.name()),
            turn.conversation,
            input_channel=self.name(),
            message_id=message_id(turn),
            metadata={
                **inbound.metadata,
                "attachments": [asdict(one) for one in inbound.attachments],
            },
        )
        return await self._turns.run(self._handle, agent, message)

    def _calls(self, messages: List[Dict[str, Any]]) -> List[Dict[str, Any]]:
        calls: List[Dict[str, Any]] = []
        try:
            for part in parts(messages, self.most_cards):
                calls += self.render(part)
        except (AttributeError, KeyError, TypeError, ValueError):
            # What an action sent has a form nobody foresaw: its texts are still said.
            logger.exception("A message cannot be shown on %r.", self.name())
            texts = [str(message.get("text") or "") for message in messages]
            calls = self.render(Text("\n\n".join(filter(None, texts)) or FAILED))
        return calls

    async def _type(self, inbound: Inbound) -> None:
        try:
            await self.show_typing(inbound)
        except SendError as error:
            logger.debug("%r shows no typing: %s", self.name(), error)


class Push(OutputChannel):
    """Lets Rasa send without being asked: reminders, agents, external events."""

    def __init__(self, channel: MessagingInput) -> None:
        """The output of a channel."""
        self._channel = channel

    def name(self) -> str:  # type: ignore[override]
        return self._channel.name()

    async def send_response(self, recipient_id: str, message: Dict[str, Any]) -> None:
        reply = Reply(self.name())
        await reply.send_response(recipient_id, message)
        if reply.messages:
            await self._channel.push(recipient_id, reply.messages)

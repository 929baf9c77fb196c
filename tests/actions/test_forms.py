from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import yaml
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.cancellations import ValidateCancellationForm
from actions.orders import ValidateTrackingForm
from actions.tasks import SKILL_INTENTS, TITLES
from frontdesk.commerce.errors import UnavailableError
from frontdesk.commerce.service import OrderStatusView
from frontdesk.commerce.trust import TooManyTriesError, Visitor
from frontdesk.commerce.values import Order
from tests.fakes_desk import ANNA, NOW, FakeDesk, order

DOMAIN: dict[str, Any] = yaml.safe_load(Path("domain.yml").read_text("utf-8"))
NUMBER, OTHER = "LO-100001", "LO-100002"


def opened(desk: FakeDesk, slots: dict[str, Any], *loops: str) -> dict[str, Any]:
    """The slots that the tracking form sets when it opens after other forms."""
    message = {"text": "where is my order", "intent": {"name": "track_order"}}
    events: list[dict[str, Any]] = [{"event": "active_loop", "name": n} for n in loops]
    events += [{"event": "user", "text": "where is my order", "parse_data": message},
               {"event": "active_loop", "name": "tracking_form"}]  # fmt: skip
    tracker = Tracker("anna", slots, message, events, False, None, {}, "action_listen")
    action = ValidateTrackingForm(desk)
    returned = asyncio.run(action.run(CollectingDispatcher(), tracker, DOMAIN))
    return {event["name"]: event["value"] for event in returned}


def test_interrupted_task_is_kept_with_what_it_knows() -> None:
    slots = {"order_number": NUMBER, "confirmed": None, "contact": {"given": ANNA}}
    set_slots = opened(FakeDesk(), slots, "cancellation_form")
    [paused] = set_slots["paused"]
    assert paused["form"] == "cancellation_form"
    assert paused["slots"]["order_number"] == NUMBER
    assert paused["slots"]["contact"] == {"given": ANNA}


def test_handoff_is_no_task_to_come_back_to() -> None:
    assert "paused" not in opened(FakeDesk(), {}, "handoff_form")


def test_task_that_has_ended_is_not_interrupted() -> None:
    loops = ("cancellation_form", None)
    assert "paused" not in opened(FakeDesk(), {}, *loops)  # type: ignore[arg-type]


def test_new_task_forgets_the_last_one_but_not_the_order() -> None:
    slots = {
        "order_number": NUMBER,
        "contact": "x@post.example",
        "proposal": {"key": "1"},
    }
    set_slots = opened(FakeDesk(order(NUMBER, ANNA)), slots)
    assert set_slots["contact"] is None
    assert set_slots["proposal"] is None
    assert "order_number" not in set_slots
    assert set_slots["requested_slot"] == "contact"


def test_resumed_task_reads_nothing_and_goes_on_where_it_was() -> None:
    desk = FakeDesk(order(NUMBER, ANNA), signed_in=ANNA)
    slots = {"order_number": NUMBER, "resumed": "cancellation_form"}
    message = {
        "text": f"where is {OTHER}",
        "intent": {"name": "track_order"},
        "entities": [{"entity": "order_number", "value": OTHER}],
    }
    events = [{"event": "user", "text": "where", "parse_data": message},
              {"event": "active_loop", "name": "cancellation_form"}]  # fmt: skip
    tracker = Tracker("anna", slots, message, events, False, None, {}, "action_listen")
    returned = asyncio.run(
        ValidateCancellationForm(desk).run(CollectingDispatcher(), tracker, DOMAIN)
    )
    values = {event["name"]: event["value"] for event in returned}
    assert values["resumed"] is None
    assert values["requested_slot"] == "confirmed"
    assert [w.order_number for w in desk.proposed] == [NUMBER]  # type: ignore[union-attr]


def test_every_form_but_the_handoff_has_a_title_and_every_skill_an_intent() -> None:
    forms = set(DOMAIN["forms"]) - {"handoff_form"}
    assert set(TITLES) == forms
    assert set(DOMAIN["intents"]) >= SKILL_INTENTS
    assert len(SKILL_INTENTS) == len(forms)


class Broken(FakeDesk):
    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    async def order(self, visitor: Visitor, number: str) -> Order | OrderStatusView:
        raise self._error


def test_shop_that_cannot_be_reached_ends_the_task_with_a_sentence() -> None:
    error = UnavailableError("down")
    set_slots = opened(Broken(error), {"order_number": NUMBER})
    assert (set_slots["task_end"], set_slots["offer"]) == ("settled", "person")


def test_too_many_tries_end_the_task_and_offer_a_person() -> None:
    set_slots = opened(Broken(TooManyTriesError(NOW)), {"order_number": NUMBER})
    assert (set_slots["task_end"], set_slots["offer"]) == ("settled", "person")

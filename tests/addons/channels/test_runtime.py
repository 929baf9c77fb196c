import asyncio
import hashlib
import inspect
import time

import jsonschema
import pytest
from rasa.core.actions.action import RemoteAction
from rasa.utils.endpoints import EndpointConfig

from addons import runtime

REPLY = {
    "events": [
        {"event": "slot", "name": "offer", "value": "person", "timestamp": None},
        {"event": "followup", "name": "action_listen", "timestamp": None},
    ],
    "responses": [{"text": "Ten days.", "citations": []}],
}


def test_rasas_check_of_replies_is_the_one_that_was_replaced() -> None:
    # prepare() puts our check in place of this one. If Rasa changes it, read the
    # change, adapt addons/runtime.py and write the new digest here.
    source = inspect.getsource(inspect.getmodule(RemoteAction))
    start = source.index("    def _validate_action_result(self")
    check = source[start : source.index("    @staticmethod", start)]
    digest = hashlib.sha256(check.encode()).hexdigest()
    assert digest[:16] == "fdc6ac0b1792aba5"


@pytest.mark.parametrize(
    "reply",
    [
        REPLY,
        {"events": [], "responses": []},
        {},
        {"events": [{"event": "slot"}]},
        {"events": [{"name": "offer"}]},
        {"events": 1},
        {"responses": ["text"]},
        [],
    ],
)
def test_cached_check_agrees_with_rasas(reply: object) -> None:
    schema = RemoteAction.action_response_format_spec()
    try:
        jsonschema.validate(reply, schema)
    except jsonschema.ValidationError:
        with pytest.raises(jsonschema.ValidationError):
            runtime._validate_action_result(RemoteAction("a", None), reply)
    else:
        assert runtime._validate_action_result(RemoteAction("a", None), reply)


def test_cached_check_takes_less_than_a_tenth_of_rasas() -> None:
    action = RemoteAction("a", None)
    runtime._validate_action_result(action, REPLY)
    started = time.perf_counter()
    for _ in range(5):
        runtime._validate_action_result(action, REPLY)
    ours = time.perf_counter() - started
    started = time.perf_counter()
    for _ in range(5):
        jsonschema.validate(REPLY, RemoteAction.action_response_format_spec())
    assert ours < (time.perf_counter() - started) / 10


def test_endpoint_keeps_its_settings_and_follows_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    configured = EndpointConfig(
        "http://127.0.0.1:5055/webhook", headers={"X-Key": "a"}, token="t"
    )
    assert runtime.ActionEndpoint.like(configured) == configured
    monkeypatch.setenv("FRONTDESK_ACTIONS_URL", "http://127.0.0.1:1/webhook")
    endpoint = runtime.ActionEndpoint.like(configured)
    assert endpoint.url == "http://127.0.0.1:1/webhook"
    assert endpoint.headers == {"X-Key": "a"}


@pytest.mark.parametrize(
    ("left_s", "timeout_s"), [(9.5, 8.5), (3.0, 2.5), (0.6, 0.2), (-1.0, 0.2)]
)
def test_action_may_take_what_the_turn_has_left(
    left_s: float, timeout_s: float
) -> None:
    token = runtime.turn_deadline.set(time.monotonic() + left_s)
    assert runtime._remaining_s() == pytest.approx(timeout_s, abs=0.05)
    runtime.turn_deadline.reset(token)
    assert runtime._remaining_s() == runtime.ACTION_TIMEOUT_S


def test_failure_is_told_once_a_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    async def broken(self: EndpointConfig, **kwargs: object) -> None:
        calls.append(kwargs)
        raise asyncio.TimeoutError

    monkeypatch.setattr(EndpointConfig, "request", broken)
    endpoint = runtime.ActionEndpoint("http://127.0.0.1:1/webhook")

    async def turn(deadline: float | None) -> list[int]:
        runtime.turn_deadline.set(deadline)
        replies = [await endpoint.request(json={}) for _ in range(3)]
        listen = [{"event": "followup", "name": "action_listen"}]
        assert [each["events"] for each in replies] == [listen] * 3
        return [len(each["responses"]) for each in replies]

    async def turns() -> list[list[int]]:
        now = time.monotonic()
        return [await turn(now + 1), await turn(now + 2), await turn(None)]

    assert asyncio.run(turns()) == [[1, 0, 0], [1, 0, 0], [1, 1, 1]]
    assert len(calls) == 1 + 1 + 3

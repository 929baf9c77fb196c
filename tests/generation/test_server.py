import asyncio
import contextlib
import json
import threading
import time

import httpx
import pytest

from frontdesk.generation.client import GenerationClient
from frontdesk.generation.errors import (
    GenerationUnavailableError,
    PromptTooLongError,
    QueueFullError,
)
from frontdesk.generation.loading import LoadingEngine
from frontdesk.generation.requests import Form
from frontdesk.generation.server import create_app
from frontdesk.settings import Settings
from tests.fakes_generation import FakeEngine, serving

CHAT = {"messages": [{"role": "user", "content": "Hi"}]}


def post(engine, body=CHAT, settings=None, headers=None, path="/v1/chat/completions"):
    async def run():
        transport = httpx.ASGITransport(create_app(engine, settings or Settings()))
        async with httpx.AsyncClient(
            transport=transport, base_url="http://test"
        ) as http:
            if body is None:
                return await http.get(path, headers=headers)
            if isinstance(body, bytes):
                return await http.post(path, content=body, headers=headers)
            return await http.post(path, json=body, headers=headers)

    return asyncio.run(run())


def events(response):
    lines = [line for line in response.text.split("\n\n") if line]
    assert lines.pop() == "data: [DONE]"
    return [json.loads(line.removeprefix("data: ")) for line in lines]


def test_a_whole_answer_carries_text_reason_and_usage():
    body = post(FakeEngine()).json()
    assert body["choices"][0]["message"]["content"] == "Hello there"
    assert body["choices"][0]["finish_reason"] == "stop"
    assert body["usage"] == {
        "prompt_tokens": 7,
        "completion_tokens": 2,
        "total_tokens": 9,
    }


def test_a_stream_carries_role_pieces_reason_and_asked_for_usage():
    options = {"stream": True, "stream_options": {"include_usage": True}}
    sent = events(post(FakeEngine(), CHAT | options))
    assert [c["delta"] for e in sent for c in e["choices"]] == [
        {"role": "assistant", "content": ""},
        {"content": "Hello"},
        {"content": " there"},
        {},
    ]
    assert sent[-2]["choices"][0]["finish_reason"] == "stop"
    assert sent[-1]["usage"]["total_tokens"] == 9
    assert len({event["id"] for event in sent}) == 1


def test_each_request_keeps_its_own_settings():
    engine = FakeEngine()
    given = {"temperature": 0.5, "top_p": 0.9, "seed": 4, "stop": "x", "max_tokens": 3}
    post(engine, CHAT | given)
    post(engine)
    first, second = (request.sampling for request in engine.requests)
    assert (first.temperature, first.top_p, first.seed) == (0.5, 0.9, 4)
    assert (first.stop, first.max_tokens) == (("x",), 3)
    assert (second.temperature, second.stop, second.max_tokens) == (0.0, (), 256)


def test_a_text_completion_takes_the_prompt_as_it_stands():
    engine = FakeEngine()
    body = post(engine, {"prompt": "Once"}, path="/v1/completions").json()
    assert body["object"] == "text_completion"
    assert body["choices"][0]["text"] == "Hello there"
    assert engine.requests[0].prompt_ids == tuple(b"Once")


def test_a_streamed_text_completion_carries_text_and_no_role():
    wanted = {"prompt": "Once", "stream": True}
    sent = events(post(FakeEngine(), wanted, path="/v1/completions"))
    assert [event["choices"][0]["text"] for event in sent] == ["Hello", " there", ""]


def test_logprobs_are_given_in_both_forms():
    wanted = CHAT | {"logprobs": True, "top_logprobs": 2}
    chat = post(FakeEngine(["Hi"]), wanted).json()["choices"][0]["logprobs"]
    assert chat["content"] == [
        {
            "token": "Hi",
            "logprob": -0.5,
            "bytes": [72, 105],
            "top_logprobs": [
                {"token": "Hi", "logprob": -0.5, "bytes": [72, 105]},
                {"token": "Bye", "logprob": -1.5, "bytes": [66, 121, 101]},
            ],
        }
    ]
    wanted = {"prompt": "Once", "logprobs": 2}
    text = post(FakeEngine(["Hi"]), wanted, path="/v1/completions").json()
    noted = text["choices"][0]["logprobs"]
    assert noted["tokens"] == ["Hi"]
    assert noted["top_logprobs"] == [{"Hi": -0.5, "Bye": -1.5}]


def test_evidence_and_deadline_reach_the_engine():
    engine = FakeEngine()
    post(engine, CHAT | {"evidence": ["It costs 12 pounds."], "deadline_s": 5})
    request = engine.requests[0]
    assert request.evidence == ("It costs 12 pounds.",)
    assert 3 < request.deadline - time.monotonic() <= 5


@pytest.mark.parametrize(
    ("given", "form"),
    [
        ({"response_format": {"type": "text"}}, None),
        (
            {"response_format": {"type": "json_object"}},
            Form("json", '{"type": "object"}'),
        ),
        (
            {
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "answer", "schema": {"type": "integer"}},
                }
            },
            Form("json", '{"type": "integer"}'),
        ),
        (
            {"structured_outputs": {"choice": ["yes", "no"]}},
            Form("choice", '["yes", "no"]'),
        ),
        ({"structured_outputs": {"regex": "a+"}}, Form("regex", "a+")),
    ],
)
def test_a_form_reaches_the_engine(given, form):
    engine = FakeEngine()
    post(engine, CHAT | given)
    assert engine.forms == ([form] if form else [])
    assert engine.requests[0].constraint == form


def test_metrics_are_there_without_a_key():
    engine = FakeEngine()
    engine.metrics.completion_tokens = 42
    response = post(engine, None, Settings(generation_api_key="k"), path="/metrics")
    assert "frontdesk_generation_completion_tokens_total 42\n" in response.text


def test_content_in_parts_is_joined():
    engine = FakeEngine()
    parts = [{"type": "text", "text": "Hi"}, {"type": "text", "text": " you"}]
    post(engine, {"messages": [{"role": "developer", "content": parts}]})
    assert engine.chats == [[{"role": "system", "content": "Hi you"}]]


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "messages.0.role"),
        (CHAT | {"temperature": 3}, "temperature"),
        (CHAT | {"max_tokens": 0}, "max_tokens"),
        (CHAT | {"stop": ["x"] * 9}, "stop"),
        (CHAT | {"n": 2}, "n"),
        (CHAT | {"tools": [{}]}, "tools"),
        (CHAT | {"response_format": {"type": "xml"}}, "response_format.type"),
        (CHAT | {"response_format": {"type": "json_schema"}}, "response_format"),
        (CHAT | {"structured_outputs": {}}, "structured_outputs"),
        (CHAT | {"structured_outputs": {"choice": [""]}}, "structured_outputs.choice"),
        (CHAT | {"structured_outputs": {"json": {}}}, "structured_outputs.json"),
        (
            CHAT
            | {
                "structured_outputs": {"regex": "a"},
                "response_format": {"type": "text"},
            },
            "the body",
        ),
        (b"no json", "the body"),
        (b'{"messages": [{"role": "user", "content": "\\ud800"}]}', "the body"),
    ],
)
def test_a_wrong_body_is_refused_by_name(body, where):
    response = post(FakeEngine(), body)
    assert response.status_code == 400
    assert response.json()["error"]["message"].startswith(where)


def test_a_huge_body_is_refused():
    assert post(FakeEngine(), b" " * 1_000_001).status_code == 413


def test_another_model_is_not_loaded():
    response = post(FakeEngine(), CHAT | {"model": "big/model"})
    assert response.status_code == 404
    assert "'big/model'" in response.json()["error"]["message"]


@pytest.mark.parametrize(
    ("error", "status", "retry"),
    [
        (QueueFullError("full"), 429, "1"),
        (GenerationUnavailableError("loading"), 503, "1"),
        (PromptTooLongError("long"), 400, None),
    ],
)
def test_an_engine_that_refuses_has_its_own_status(error, status, retry):
    response = post(FakeEngine(error=error))
    assert response.status_code == status
    assert response.headers.get("retry-after") == retry


def test_health_and_models_tell_what_is_served():
    engine = FakeEngine()
    assert post(engine, None, path="/health").status_code == 200
    assert post(engine, None, path="/v1/models").json()["data"][0]["id"] == "fake"
    engine.healthy = False
    assert post(engine, None, path="/health").status_code == 503


@pytest.mark.parametrize(
    ("header", "status"), [(None, 401), ("Bearer wrong", 401), ("Bearer secret", 200)]
)
def test_a_configured_key_is_needed(header, status):
    settings = Settings(generation_api_key="secret")
    headers = {"authorization": header} if header else None
    assert post(FakeEngine(), CHAT, settings, headers).status_code == status


@pytest.mark.parametrize("stream", [False, True])
def test_a_deadline_is_kept_even_if_the_engine_hangs(stream, monkeypatch):
    monkeypatch.setattr("frontdesk.generation.answers._GRACE_S", 0.1)
    engine = FakeEngine(delay_s=3.0)
    began = time.monotonic()
    response = post(engine, CHAT | {"deadline_s": 0.1, "stream": stream})
    assert time.monotonic() - began < 2
    assert "No end within 0.1 s." in response.text
    assert response.status_code == (200 if stream else 504)
    assert engine.requests[0].is_cancelled


def test_a_client_that_leaves_a_stream_cancels_its_request():
    engine = FakeEngine(pieces=["word "] * 200, delay_s=0.02)

    async def run(address):
        client = GenerationClient(f"{address}/v1")
        pieces = client.stream(CHAT["messages"])
        await anext(pieces)
        await pieces.aclose()
        await client.aclose()

    with serving(create_app(engine, Settings())) as address:
        asyncio.run(run(address))
        wait_until(lambda: engine.requests[0].is_cancelled)
    assert engine.closed


def test_a_client_that_leaves_a_whole_answer_cancels_its_request():
    engine = FakeEngine(pieces=["word "] * 200, delay_s=0.02)
    with serving(create_app(engine, Settings())) as address:
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{address}/v1/chat/completions", json=CHAT, timeout=0.2)
        wait_until(lambda: engine.requests[0].is_cancelled)


def test_the_client_reads_what_the_server_writes():
    with serving(create_app(FakeEngine(), Settings())) as address:
        client = GenerationClient(f"{address}/v1")

        async def run():
            async with contextlib.aclosing(client):
                healthy = await client.is_healthy()
                return healthy, await client.complete(CHAT["messages"])

        assert asyncio.run(run()) == (True, "Hello there")


def test_a_loading_engine_is_unhealthy_until_it_is_loaded():
    loaded = threading.Event()

    def load():
        loaded.wait(10)
        return FakeEngine()

    engine = LoadingEngine("slow", load)
    assert post(engine, None, path="/health").status_code == 503
    assert post(engine).status_code == 503
    loaded.set()
    wait_until(engine.is_healthy)
    assert post(engine).json()["choices"][0]["message"]["content"] == "Hello there"


def test_a_model_that_cannot_be_loaded_is_reported():
    failures = []

    def load():
        raise OSError("no such file")

    engine = LoadingEngine("broken", load, on_failure=failures.append)
    wait_until(lambda: failures)
    assert not engine.is_healthy()


def wait_until(condition, limit_s=5.0):
    end = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)

import asyncio
import contextlib
import json
import socket
import time

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import StreamingResponse
from starlette.routing import Route

from frontdesk.generation.breaker import CircuitBreaker
from frontdesk.generation.client import GenerationClient
from frontdesk.generation.errors import (
    GenerationRejectedError,
    GenerationTimeoutError,
    GenerationUnavailableError,
)
from tests.fakes_generation import serving

QUESTION = [{"role": "user", "content": "Do you ship to Ireland?"}]
SSE = {"content-type": "text/event-stream"}


def chunk(text, reason=None):
    choice = {"delta": {"content": text}, "finish_reason": reason}
    return f"data: {json.dumps({'choices': [choice]})}\n\n".encode()


def replying(body=b"", status=200, headers=SSE, seen=None):
    def answer(request):
        if request.url.path.endswith("/models"):
            return httpx.Response(200, json={"data": [{"id": "served"}]})
        if seen is not None:
            seen.append(json.loads(request.content))
        return httpx.Response(status, content=body, headers=headers)

    return httpx.MockTransport(answer)


def client(transport, **changes):
    return GenerationClient("http://far.example/v1", transport=transport, **changes)


def complete(client, **changes):
    async def run():
        async with contextlib.aclosing(client):
            return await client.complete(QUESTION, **changes)

    return asyncio.run(run())


def test_pieces_arrive_in_order_and_role_chunks_say_nothing():
    first = b'data: {"choices":[{"delta":{"role":"assistant","content":""}}]}\n\n'
    body = first + chunk("Yes, ") + chunk("we do.", "stop") + b"data: [DONE]\n\n"

    async def run():
        return [piece async for piece in client(replying(body)).stream(QUESTION)]

    assert asyncio.run(run()) == ["Yes, ", "we do."]


def test_the_request_names_the_first_listed_model_and_the_settings():
    seen = []
    body = chunk("Yes.", "stop")
    complete(client(replying(body, seen=seen)), max_tokens=5, stop=["\n"])
    assert seen == [
        {
            "model": "served",
            "messages": QUESTION,
            "max_tokens": 5,
            "temperature": 0.0,
            "stream": True,
            "stop": ["\n"],
        }
    ]


def test_a_lone_surrogate_is_replaced_before_it_is_sent():
    seen = []
    asking = client(replying(chunk("Yes.", "stop"), seen=seen))
    messages = [{"role": "user", "content": "a\ud800b"}]
    assert asyncio.run(asking.complete(messages)) == "Yes."
    assert seen[0]["messages"][0]["content"] == "a\ufffdb"


def test_a_server_that_does_not_stream_is_understood():
    body = json.dumps({"choices": [{"message": {"content": "Yes."}}]}).encode()
    headers = {"content-type": "application/json"}
    assert complete(client(replying(body, headers=headers))) == "Yes."


def test_an_end_without_done_counts_when_the_reason_was_given():
    assert complete(client(replying(chunk("Yes.", "stop")))) == "Yes."


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"data: {not json\n\n", 200),
        (b'data: {"choices": 3}\n\n', 200),
        (b"data: [1]\n\n", 200),
        (b'data: {"error": {"message": "boom"}}\n\n', 200),
        (chunk("Yes"), 200),
        (b"", 200),
        (b"busy", 429),
        (b"broken", 500),
        (b"loading", 503),
    ],
)
def test_a_server_that_fails_is_unavailable(body, status):
    with pytest.raises(GenerationUnavailableError):
        complete(client(replying(body, status)))


def test_a_wrong_request_is_rejected_and_opens_no_breaker():
    asking = client(replying(b"too long", 400), breaker=CircuitBreaker(limit=1))
    for _ in range(2):
        with pytest.raises(GenerationRejectedError, match="too long"):
            complete(asking)


def test_a_full_server_opens_no_breaker():
    breaker = CircuitBreaker(limit=1)
    with pytest.raises(GenerationUnavailableError, match="429"):
        complete(client(replying(b"busy", 429), breaker=breaker))
    assert not breaker.is_open


def test_refused_connections_fail_at_once_and_then_without_a_try():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    asking = GenerationClient(f"http://127.0.0.1:{port}/v1")
    started = time.monotonic()
    for _ in range(3):
        with pytest.raises(GenerationUnavailableError, match="running"):
            complete(asking)
    assert time.monotonic() - started < 1.0
    with pytest.raises(GenerationUnavailableError, match="in a row"):
        complete(asking)
    assert not asyncio.run(asking.is_healthy())


def slow_app(before_s, between_s):
    async def answer(request):
        async def body():
            await asyncio.sleep(before_s)
            for _ in range(20):
                yield chunk("word ")
                await asyncio.sleep(between_s)

        return StreamingResponse(body(), media_type="text/event-stream")

    return Starlette(
        routes=[Route("/v1/chat/completions", answer, methods=["POST"])],
    )


def test_a_silent_server_is_left_at_the_first_token_limit():
    with serving(slow_app(before_s=1.0, between_s=0.0)) as address:
        asking = GenerationClient(
            f"{address}/v1", model="m", first_token_timeout_s=0.2, timeout_s=5.0
        )
        started = time.monotonic()
        with pytest.raises(GenerationTimeoutError, match="first token"):
            complete(asking)
        assert time.monotonic() - started < 0.8


def test_a_slow_answer_is_left_at_the_total_limit():
    with serving(slow_app(before_s=0.0, between_s=0.1)) as address:
        asking = GenerationClient(f"{address}/v1", model="m", timeout_s=0.35)
        pieces = []

        async def run():
            async with contextlib.aclosing(asking):
                async for piece in asking.stream(QUESTION):
                    pieces.append(piece)

        with pytest.raises(GenerationTimeoutError, match="end of the answer"):
            asyncio.run(run())
        assert 1 <= len(pieces) <= 4


def test_a_closed_client_serves_the_next_event_loop():
    with serving(slow_app(before_s=0.0, between_s=0.0)) as address:
        asking = GenerationClient(f"{address}/v1", model="m", timeout_s=5.0)
        for _ in range(2):
            with pytest.raises(GenerationUnavailableError, match="without an end"):
                complete(asking)

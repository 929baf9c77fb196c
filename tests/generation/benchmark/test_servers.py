import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from frontdesk.generation.benchmark.servers import Server, measure
from frontdesk.generation.server import create_app
from frontdesk.settings import Settings
from tests.fakes_generation import FakeEngine, byte_tokenizer, serving


def test_a_server_is_given_by_name_address_and_perhaps_model():
    assert Server.read("a=http://x/v1/") == Server("a", "http://x/v1", "")
    assert Server.read("a=http://x/v1#/my/model").model == "/my/model"
    with pytest.raises(ValueError, match="'http://x' is not NAME=URL"):
        Server.read("http://x")


def test_servers_answer_the_same_questions_in_turn():
    engines = [FakeEngine(["Hello", " there"]), FakeEngine(["Hi"])]
    tokenizer = byte_tokenizer()
    with (
        serving(create_app(engines[0], Settings())) as first,
        serving(create_app(engines[1], Settings())) as second,
    ):
        servers = [Server("a", f"{first}/v1", ""), Server("b", f"{second}/v1", "")]
        rows = measure(servers, [1, 2], 2, 2, tokenizer)
    assert [(row.peer, row.clients) for row in rows] == [
        ("a", 1),
        ("a", 2),
        ("b", 1),
        ("b", 2),
    ] * 2
    for row in rows:
        length = len("Hello there") if row.peer == "a" else len("Hi")
        assert row.tokens_per_s * row.seconds == pytest.approx(row.clients * 2 * length)
    asked = [[chat[1]["content"] for chat in engine.chats] for engine in engines]
    assert sorted(asked[0]) == sorted(asked[1])
    assert len(set(asked[0])) == len(asked[0])  # nothing but the policy is cached


def test_a_server_that_refuses_an_unknown_field_is_asked_without_it():
    seen = []

    async def chat(request):
        body = await request.json()
        seen.append("ignore_eos" in body)
        if "ignore_eos" in body:
            return JSONResponse({"detail": "unknown"}, 422)
        return await answer(request)

    engine = FakeEngine(["Hi"])
    inner = create_app(engine, Settings())
    answer = next(
        r.endpoint for r in inner.routes if r.path.endswith("chat/completions")
    )
    app = Starlette(routes=[Route("/v1/chat/completions", chat, methods=["POST"])])
    with serving(app) as address:
        server = Server("strict", f"{address}/v1", "fake")
        rows = measure([server], [1], 1, 1, byte_tokenizer())
    assert seen == [True, False, False]
    assert rows[0].tokens_per_s > 0

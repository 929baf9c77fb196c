"""The official OpenAI client against the server, unchanged."""

import json

import openai
import pytest

from frontdesk.generation.engine import BatchEngine
from frontdesk.generation.errors import GenerationUnavailableError, QueueFullError
from frontdesk.generation.server import create_app
from frontdesk.settings import Settings
from tests.fakes_generation import FakeEngine, serving, tiny_llama

CHAT = [{"role": "user", "content": "Hi"}]


@pytest.fixture(scope="module")
def client():
    app = create_app(BatchEngine(tiny_llama()), Settings(generation_api_key="key"))
    with (
        serving(app) as address,
        openai.OpenAI(base_url=f"{address}/v1", api_key="key", max_retries=0) as client,
    ):
        yield client


def test_it_lists_the_model(client):
    assert [model.id for model in client.models.list()] == ["tiny"]


def test_whole_and_streamed_chats_agree(client):
    asked = {"model": "tiny", "messages": CHAT, "max_tokens": 12, "temperature": 0}
    whole = client.chat.completions.create(**asked)
    streamed = client.chat.completions.create(
        **asked, stream=True, stream_options={"include_usage": True}
    )
    chunks = list(streamed)
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert text == whole.choices[0].message.content != ""
    assert chunks[-1].usage == whole.usage
    assert whole.usage.completion_tokens == 12


def test_text_completions_logprobs_and_extensions_work(client):
    answer = client.completions.create(
        model="tiny",
        prompt="Once",
        max_tokens=5,
        logprobs=2,
        extra_body={"top_k": 3, "evidence": ["Twelve pounds."]},
    )
    assert len(answer.choices[0].logprobs.tokens) == 5


def test_whole_and_streamed_texts_agree(client):
    asked = {"model": "tiny", "prompt": "Once", "max_tokens": 9}
    whole = client.completions.create(**asked)
    chunks = list(client.completions.create(**asked, stream=True))
    assert "".join(chunk.choices[0].text for chunk in chunks) == whole.choices[0].text
    assert chunks[-1].choices[0].finish_reason == whole.choices[0].finish_reason


def test_schemas_and_choices_hold_the_answer(client):
    schema = {
        "type": "object",
        "properties": {"late": {"type": "boolean"}},
        "required": ["late"],
        "additionalProperties": False,
    }
    wanted = {"name": "delivery", "strict": True, "schema": schema}
    answer = client.chat.completions.create(
        model="tiny",
        messages=CHAT,
        response_format={"type": "json_schema", "json_schema": wanted},
    )
    assert type(json.loads(answer.choices[0].message.content)["late"]) is bool
    assert answer.choices[0].finish_reason == "stop"
    answer = client.chat.completions.create(
        model="tiny",
        messages=CHAT,
        extra_body={"structured_outputs": {"choice": ["answer", "ask"]}},
    )
    assert answer.choices[0].message.content in ("answer", "ask")


def test_chat_logprobs_are_those_of_each_token(client):
    answer = client.chat.completions.create(
        model="tiny", messages=CHAT, max_tokens=3, logprobs=True, top_logprobs=2
    )
    noted = answer.choices[0].logprobs.content
    assert [len(token.top_logprobs) for token in noted] == [2, 2, 2]
    assert all(token.logprob <= 0 for token in noted)


def test_errors_are_the_clients_own(client):
    with pytest.raises(openai.NotFoundError, match="No model 'gpt'"):
        client.chat.completions.create(model="gpt", messages=CHAT)
    with pytest.raises(openai.BadRequestError, match="temperature"):
        client.chat.completions.create(model="tiny", messages=CHAT, temperature=9)
    with pytest.raises(openai.AuthenticationError):
        client.with_options(api_key="wrong").models.list()
    with pytest.raises(openai.BadRequestError, match="Invalid type: thing"):
        client.chat.completions.create(
            model="tiny",
            messages=CHAT,
            response_format={
                "type": "json_schema",
                "json_schema": {"name": "x", "schema": {"type": "thing"}},
            },
        )


def ask(engine, *, timeout=10.0, **changes):
    """One chat with a server around `engine`."""
    with (
        serving(create_app(engine, Settings())) as address,
        openai.OpenAI(
            base_url=f"{address}/v1", api_key="none", max_retries=0, timeout=timeout
        ) as client,
    ):
        answer = client.chat.completions.create(
            model=engine.name, messages=CHAT, **changes
        )
        return list(answer) if changes.get("stream") else answer


@pytest.mark.parametrize(
    ("refusal", "raised"),
    [
        (QueueFullError("16 requests wait already"), openai.RateLimitError),
        (GenerationUnavailableError("is draining"), openai.InternalServerError),
    ],
)
def test_a_full_or_stopping_server_says_when_to_come_back(refusal, raised):
    with pytest.raises(raised, match=str(refusal)) as caught:
        ask(FakeEngine(error=refusal))
    assert caught.value.response.headers["retry-after"] == "1"


def test_a_client_that_waits_too_briefly_times_out_and_frees_the_engine():
    engine = FakeEngine(delay_s=0.5)
    with pytest.raises(openai.APITimeoutError):
        ask(engine, timeout=0.1)
    assert engine.requests[0].is_cancelled


def test_a_deadline_ends_whole_and_streamed_answers_alike():
    slow = {"num_hidden_layers": 2, "max_position_embeddings": 4096}
    wanted = {"max_tokens": 4000, "extra_body": {"deadline_s": 0.3}}
    with pytest.raises(openai.InternalServerError, match=r"No end within 0.3 s"):
        ask(BatchEngine(tiny_llama(**slow)), **wanted)
    with pytest.raises(openai.APIError, match=r"No end within 0.3 s"):
        ask(BatchEngine(tiny_llama(**slow)), stream=True, **wanted)

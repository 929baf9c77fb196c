"""The official OpenAI client against the server, unchanged."""

import pytest

from frontdesk.generation.engine import BatchEngine
from frontdesk.generation.server import create_app
from frontdesk.settings import Settings
from tests.fakes_generation import serving, tiny_llama

openai = pytest.importorskip("openai")
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


def test_errors_are_the_clients_own(client):
    with pytest.raises(openai.NotFoundError, match="No model 'gpt'"):
        client.chat.completions.create(model="gpt", messages=CHAT)
    with pytest.raises(openai.BadRequestError, match="temperature"):
        client.chat.completions.create(model="tiny", messages=CHAT, temperature=9)
    with pytest.raises(openai.AuthenticationError):
        client.with_options(api_key="wrong").models.list()

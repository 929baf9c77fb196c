"""A small real model with the rules of the project, and what stands around it."""

import asyncio
import logging
import os
import warnings
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

os.environ["RASA_TELEMETRY_ENABLED"] = "false"
os.environ["SQLALCHEMY_SILENCE_UBER_WARNING"] = "1"
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # Rasa's own dependencies are full of them
    import structlog
    from rasa.core.agent import Agent
    from rasa.core.tracker_store import InMemoryTrackerStore
    from rasa.model_training import train
    from rasa.utils.endpoints import EndpointConfig

    from addons.channels.base import Turns
    from addons.channels.rest import RestInput
    from addons.stores.locks import ConversationLocks
    from tests.fakes_channels import FakeActions, Server
    from tests.fakes_web import Browser, RecordingRasa, WebServer, options

# A dependency of Rasa installs uvloop as it is imported, whose loops do not end with a
# test that leaves a connection open.
asyncio.set_event_loop_policy(None)
structlog.configure(
    wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING)
)

CONFIG = """
recipe: default.v1
assistant_id: test
language: en
pipeline:
  - name: WhitespaceTokenizer
  - name: KeywordIntentClassifier
  - name: RegexEntityExtractor
policies:
  - name: RulePolicy
"""
NLU = r"""
version: "3.1"
nlu:
  - intent: greet
    examples: "- hello"
  - intent: goodbye
    examples: "- bye"
  - intent: thank
    examples: "- thanks"
  - intent: affirm
    examples: "- yes please"
  - intent: deny
    examples: "- no thank you"
  - intent: stop
    examples: "- stop"
  - intent: talk_to_person
    examples: "- person"
  - intent: track_order
    examples: "- where is my order"
  - intent: ask_question
    examples: |
      - what
      - my address is [a@b.co](email)
      - write to [c@d.co](email)
  - regex: email
    examples: "- [a-z]+@[a-z]+[.][a-z]+"
"""


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("model")
    config, nlu = folder / "config.yml", folder / "nlu.yml"
    config.write_text(CONFIG)
    nlu.write_text(NLU)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = train("domain.yml", str(config), [str(nlu), "data/rules"], str(folder))
    assert result.model is not None
    return str(Path(result.model))


@pytest_asyncio.fixture
async def actions() -> AsyncIterator[FakeActions]:
    server = FakeActions()
    await server.start()
    yield server
    await server.stop()


@pytest_asyncio.fixture
async def agent(model: str, actions: FakeActions) -> Agent:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Agent.load(
            model,
            tracker_store=InMemoryTrackerStore(None),
            lock_store=ConversationLocks(),
            action_endpoint=EndpointConfig(actions.url),
        )


@pytest_asyncio.fixture
async def server(agent: Agent) -> AsyncIterator[Server]:
    served = Server(agent, RestInput(turns=Turns(deadline_s=1.5)))
    await served.start()
    yield served
    await served.stop()


@pytest.fixture
def rasa() -> RecordingRasa:
    return RecordingRasa()


@pytest_asyncio.fixture
async def web(rasa: RecordingRasa, tmp_path: Path) -> AsyncIterator[WebServer]:
    server = await WebServer(options(tmp_path), rasa.handle).start()
    yield server
    await server.stop()


@pytest_asyncio.fixture
async def browser(web: WebServer) -> AsyncIterator[Browser]:
    opened = await Browser().open(web.url)
    await opened.begin()
    yield opened
    await opened.close()

"""What every turn needs from Rasa and Rasa does not offer, put in place without a fork.

- Calls to the action server end within the turn's deadline, and a call that fails
  becomes an honest sentence in the conversation instead of silence.
- The reply of the action server is checked against a schema that is built once.
"""

import asyncio
import logging
import os
import time
from contextvars import ContextVar
from functools import lru_cache
from typing import Any, Dict, Optional

import aiohttp
import jsonschema
from rasa.core.actions.action import RemoteAction
from rasa.core.agent import Agent
from rasa.utils.endpoints import ClientResponseError, EndpointConfig

logger = logging.getLogger(__name__)

ACTION_TIMEOUT_S = 8.5
# What a turn needs after its last action: predict, save, answer.
_AFTER_ACTION_S = 0.5
_LEAST_TIMEOUT_S = 0.2

UNAVAILABLE = (
    "I'm sorry, I can't reach the system I need for that just now. "
    "Please try again in a moment"
)

# time.monotonic() by which the current turn must be answered
turn_deadline: ContextVar[Optional[float]] = ContextVar("turn_deadline", default=None)
# The deadline of the turn in which a call failed: the customer is told that once.
_failed_turn: ContextVar[Optional[float]] = ContextVar("failed_turn", default=None)


def prepare(agent: Agent) -> None:
    """Make an agent's turns safe; does nothing the second time, so call it each turn.

    A reloaded model brings a new processor: its endpoint is replaced again.
    """
    _check_replies_with_cached_schema()
    endpoint = agent.action_endpoint
    if endpoint is not None and not isinstance(endpoint, ActionEndpoint):
        agent.action_endpoint = ActionEndpoint.like(endpoint)
    if agent.processor is not None:
        agent.processor.action_endpoint = agent.action_endpoint


def or_contact(sentence: str) -> str:
    """The sentence, ended by how to reach a person where the environment says how."""
    contact = os.environ.get("FRONTDESK_SUPPORT_CONTACT")
    return f"{sentence}, or contact us at {contact}." if contact else f"{sentence}."


class ActionEndpoint(EndpointConfig):
    """The action server; a failed call answers in its place and ends the turn."""

    @classmethod
    def like(cls, endpoint: EndpointConfig) -> "ActionEndpoint":
        """The same endpoint; FRONTDESK_ACTIONS_URL, if set, replaces its address."""
        return cls(
            url=os.environ.get("FRONTDESK_ACTIONS_URL") or endpoint.url,
            params=endpoint.params,
            headers=endpoint.headers,
            basic_auth=endpoint.basic_auth,
            token=endpoint.token,
            token_name=endpoint.token_name,
            cafile=endpoint.cafile,
            **endpoint.kwargs,
        )

    async def request(self, *args: Any, **kwargs: Any) -> Dict[str, Any]:
        """The action server's reply, or a sentence that it cannot be had.

        A form makes up to three calls a turn; after one that failed, the others are
        not made and say nothing.

        Raises:
            ClientResponseError: The action rejected its execution (status 400).
        """
        deadline = turn_deadline.get()
        if deadline is not None and _failed_turn.get() == deadline:
            return _failed()
        timeout_s = _remaining_s()
        kwargs["timeout"] = aiohttp.ClientTimeout(total=timeout_s)
        try:
            reply = await super().request(*args, **kwargs)
        except ClientResponseError as error:
            if error.status == 400:
                raise
            # The text of the reply holds the whole conversation: not for the log.
            reason = f"it answered with status {error.status}"
        except asyncio.TimeoutError:
            reason = f"no answer within {timeout_s:.1f} s"
        except (aiohttp.ClientError, ValueError) as error:
            reason = str(error)
        else:
            if isinstance(reply, dict):
                return reply
            reason = "its answer is no JSON object"
        call = kwargs.get("json") or {}
        logger.error(
            "Action %r failed for %r: %s.",
            call.get("next_action"),
            call.get("sender_id"),
            reason,
        )
        _failed_turn.set(deadline)
        return _failed({"text": or_contact(UNAVAILABLE), "failure": "action"})


def _failed(*responses: Dict[str, Any]) -> Dict[str, Any]:
    # What the rules would do next takes the action's success for granted.
    listen = {"event": "followup", "name": "action_listen"}
    return {"responses": list(responses), "events": [listen]}


def _remaining_s() -> float:
    deadline = turn_deadline.get()
    if deadline is None:
        return ACTION_TIMEOUT_S
    remaining = deadline - time.monotonic() - _AFTER_ACTION_S
    return max(_LEAST_TIMEOUT_S, min(ACTION_TIMEOUT_S, remaining))


def _check_replies_with_cached_schema() -> None:
    if RemoteAction._validate_action_result is not _validate_action_result:
        RemoteAction._validate_action_result = _validate_action_result


def _validate_action_result(self: RemoteAction, result: Any) -> bool:
    """True for a reply of the form Rasa asks for.

    Raises:
        jsonschema.ValidationError: The reply has another form.
    """
    error = jsonschema.exceptions.best_match(_reply_validator().iter_errors(result))
    if error is not None:
        raise error
    return True


@lru_cache(maxsize=1)
def _reply_validator() -> jsonschema.Draft7Validator:
    # Rasa builds and checks this schema for every reply: 22 ms of CPU a turn.
    schema = RemoteAction.action_response_format_spec()
    return jsonschema.validators.validator_for(schema)(schema)

"""The wire format: OpenAI's completions, with the limits of this server."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import replace
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from frontdesk.generation.requests import Form, Sampling

MAX_BODY_BYTES = 1_000_000
MAX_MESSAGES = 200
MAX_CONTENT_CHARS = 200_000
MAX_STOP_STRINGS = 8
MAX_STOP_CHARS = 200
MAX_TOKENS = 4_096
DEFAULT_TOKENS = 256
MAX_TOP_LOGPROBS = 20
MAX_EVIDENCE = 50
MAX_SCHEMA_CHARS = 50_000
MAX_CHOICES = 200
MAX_CHOICE_CHARS = 500
MAX_REGEX_CHARS = 2_000
REQUEST_LIMIT_S = 120.0  # nobody waits longer for a customer's answer


class Message(BaseModel):
    """One turn; the parts of a multi-part content are joined, only text is taken."""

    role: Literal["system", "developer", "user", "assistant"]
    content: str = Field(max_length=MAX_CONTENT_CHARS)

    @field_validator("content", mode="before")
    @classmethod
    def _join_parts(cls, value: object) -> object:
        if isinstance(value, list):
            if not all(isinstance(p, dict) and p.get("type") == "text" for p in value):
                raise ValueError("only parts of type 'text' are understood")
            value = "".join(str(p.get("text", "")) for p in value)
        return value

    @field_validator("role")
    @classmethod
    def _developer_is_system(cls, value: str) -> str:
        return "system" if value == "developer" else value


class StreamOptions(BaseModel):
    include_usage: bool = False


class JsonSchema(BaseModel):
    """OpenAI's wrapping of a schema; it is always followed strictly."""

    json_schema: dict[str, Any] = Field(alias="schema")

    @field_validator("json_schema")
    @classmethod
    def _limit_size(cls, value: dict[str, Any]) -> dict[str, Any]:
        if len(json.dumps(value)) > MAX_SCHEMA_CHARS:
            raise ValueError(f"at most {MAX_SCHEMA_CHARS} characters of JSON")
        return value


class ResponseFormat(BaseModel):
    """Text, any JSON object, or JSON of a schema."""

    type: Literal["text", "json_object", "json_schema"]
    json_schema: JsonSchema | None = None

    @model_validator(mode="after")
    def _need_schema(self) -> ResponseFormat:
        if (self.type == "json_schema") != (self.json_schema is not None):
            raise ValueError(
                "json_schema belongs to type 'json_schema', and to no other"
            )
        return self

    def form(self) -> Form | None:
        if self.json_schema is not None:
            return Form.json(self.json_schema.json_schema)
        return Form.json({"type": "object"}) if self.type == "json_object" else None


class StructuredOutputs(BaseModel):
    """Exactly one of some texts, or a text that matches a regular expression."""

    model_config = ConfigDict(extra="forbid")

    choice: list[Annotated[str, Field(min_length=1, max_length=MAX_CHOICE_CHARS)]] = (
        Field(default_factory=list, max_length=MAX_CHOICES)
    )
    regex: str = Field("", max_length=MAX_REGEX_CHARS)

    @model_validator(mode="after")
    def _need_one(self) -> StructuredOutputs:
        if bool(self.choice) == bool(self.regex):
            raise ValueError("give either choice or regex")
        return self

    def form(self) -> Form:
        return Form.choice(self.choice) if self.choice else Form("regex", self.regex)


class CompletionSettings(BaseModel):
    """What both kinds of request share.

    OpenAI's optional fields that this server does not implement are accepted only
    with the value that changes nothing, so that no setting is silently ignored.
    `evidence`, `deadline_s`, `top_k`, `repetition_penalty` and `structured_outputs`
    (as in vLLM) are extensions.
    """

    model_config = ConfigDict(extra="ignore")

    model: str = ""
    stream: bool = False
    stream_options: StreamOptions | None = None
    max_tokens: int | None = Field(None, ge=1, le=MAX_TOKENS)
    temperature: float | None = Field(None, ge=0.0, le=2.0)
    top_p: float | None = Field(None, gt=0.0, le=1.0)
    top_k: int | None = Field(None, ge=0)
    repetition_penalty: float | None = Field(None, ge=0.5, le=2.0)
    seed: int | None = Field(None, ge=-(2**63), lt=2**63)
    stop: str | list[str] | None = None
    response_format: ResponseFormat | None = None
    structured_outputs: StructuredOutputs | None = None
    evidence: list[str] = Field(default_factory=list, max_length=MAX_EVIDENCE)
    deadline_s: float = Field(REQUEST_LIMIT_S, gt=0, le=REQUEST_LIMIT_S)
    n: Literal[1] | None = None
    presence_penalty: Literal[0] | None = None
    frequency_penalty: Literal[0] | None = None

    @field_validator("stop")
    @classmethod
    def _limit_stop(cls, value: str | list[str] | None) -> list[str]:
        stop = [value] if isinstance(value, str) else value or []
        if len(stop) > MAX_STOP_STRINGS or any(len(s) > MAX_STOP_CHARS for s in stop):
            raise ValueError(
                f"at most {MAX_STOP_STRINGS} strings of {MAX_STOP_CHARS} characters"
            )
        return [text for text in stop if text]

    @model_validator(mode="after")
    def _need_one_form(self) -> Self:
        if self.structured_outputs and self.response_format:
            raise ValueError("give either response_format or structured_outputs")
        return self

    def form(self) -> Form | None:
        """The form that the answer must have; None if it is free."""
        wanted = self.structured_outputs or self.response_format
        return None if wanted is None else wanted.form()

    def sampling(self) -> Sampling:
        """The settings of this request; what it leaves out is greedy."""
        return Sampling(
            max_tokens=self.max_tokens or DEFAULT_TOKENS,
            temperature=self.temperature or 0.0,
            top_p=1.0 if self.top_p is None else self.top_p,
            top_k=self.top_k or 0,
            repetition_penalty=self.repetition_penalty or 1.0,
            seed=self.seed,
            stop=tuple(self.stop or ()),
        )


class ChatRequest(CompletionSettings):
    """Body of `POST /v1/chat/completions`."""

    messages: list[Message] = Field(min_length=1, max_length=MAX_MESSAGES)
    max_completion_tokens: int | None = Field(None, ge=1, le=MAX_TOKENS)
    logprobs: bool | None = None
    top_logprobs: int | None = Field(None, ge=0, le=MAX_TOP_LOGPROBS)
    tools: None = None

    def sampling(self) -> Sampling:
        settings = super().sampling()
        return replace(
            settings,
            max_tokens=self.max_completion_tokens or settings.max_tokens,
            logprobs=self.top_logprobs or 0 if self.logprobs else None,
        )


class TextRequest(CompletionSettings):
    """Body of `POST /v1/completions`: one prompt as it stands, without a template."""

    prompt: str = Field(min_length=1, max_length=MAX_CONTENT_CHARS)
    logprobs: int | None = Field(None, ge=0, le=MAX_TOP_LOGPROBS)
    best_of: Literal[1] | None = None
    echo: Literal[False] | None = None
    suffix: None = None

    def sampling(self) -> Sampling:
        return replace(super().sampling(), logprobs=self.logprobs)


def new_id(prefix: str) -> str:
    return f"{prefix}-{uuid.uuid4().hex}"


def now() -> int:
    """Unix time in whole seconds, as the wire format wants it."""
    return int(time.time())


def usage(prompt_tokens: int, completion_tokens: int) -> dict[str, int]:
    return {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": completion_tokens,
        "total_tokens": prompt_tokens + completion_tokens,
    }


def error_body(message: str, kind: str) -> dict[str, Any]:
    """An error as OpenAI's clients expect it."""
    return {"error": {"message": message, "type": kind, "param": None, "code": kind}}

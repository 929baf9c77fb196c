"""Shipping turns to an OpenTelemetry collector: one span a turn, one for each stage.

What a customer or the assistant said is not shipped, only ids, figures and decisions:
a collector is seldom as well guarded as the conversations themselves.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import Tracer, set_span_in_context

STAGES = ("retrieve", "read", "gate", "generate", "check")
_NANOSECONDS = 1_000_000  # in a millisecond


def open_tracer(
    endpoint: str, exporter: SpanExporter | None = None
) -> tuple[Tracer, TracerProvider]:
    """A tracer that ships in the background, and the provider to shut down at the end.

    Args:
        endpoint: OTLP over HTTP, such as `http://collector:4318/v1/traces`.
        exporter: Where spans go instead (tests).
    """
    resource = Resource.create({"service.name": "frontdesk"})
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(
        BatchSpanProcessor(exporter or OTLPSpanExporter(endpoint=endpoint, timeout=5))
    )
    return provider.get_tracer("frontdesk.answering"), provider


def ship_turn(
    tracer: Tracer,
    conversation: str,
    turn: Mapping[str, Any],
    ended_ns: int | None = None,
) -> None:
    """Ship one turn's trace; stages are laid one after another as they ran.

    Args:
        tracer: What `open_tracer` gave.
        conversation: The conversation's id.
        turn: What `Answerer.answer` put into its trace.
        ended_ns: When the turn ended, Unix time in nanoseconds; by default now.
    """
    timings: Mapping[str, float] = turn.get("timings", {})
    ended = ended_ns if ended_ns is not None else time.time_ns()
    begin = ended - int(timings.get("total", 0.0) * _NANOSECONDS)
    span = tracer.start_span("frontdesk.turn", start_time=begin)
    span.set_attribute("frontdesk.conversation", conversation)
    for name in ("decision", "generated", "confidence", "prompt"):
        if turn.get(name) is not None:
            span.set_attribute(f"frontdesk.{name}", turn[name])
    span.set_attribute("frontdesk.citations", list(turn.get("citations", [])))
    span.set_attribute(
        "frontdesk.passages", [passage["id"] for passage in turn.get("passages", [])]
    )
    for name, value in turn.get("features", {}).items():
        span.set_attribute(f"frontdesk.gate.{name}", float(value))
    context = set_span_in_context(span)
    at = begin
    for stage in STAGES:
        if stage not in timings:
            continue
        until = at + int(timings[stage] * _NANOSECONDS)
        child = tracer.start_span(f"frontdesk.{stage}", context, start_time=at)
        child.end(until)
        at = until
    span.end(ended)

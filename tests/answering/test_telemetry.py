"""What a collector receives of a turn."""

from __future__ import annotations

from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from frontdesk.answering.telemetry import open_tracer, ship_turn

TURN = {
    "question": "my card number is 4111",
    "text": "30 days.",
    "decision": "answer",
    "generated": False,
    "confidence": 0.8,
    "citations": ["returns"],
    "passages": [{"id": "returns#0"}],
    "features": {"dense_top": 0.6},
    "timings": {"retrieve": 10.0, "gate": 30.0, "total": 50.0},
}
ENDED_NS = 1_800_000_000_000_000_000


def test_a_turn_becomes_a_span_with_a_child_for_each_stage() -> None:
    exporter = InMemorySpanExporter()
    tracer, provider = open_tracer("http://127.0.0.1:9/v1/traces", exporter)
    ship_turn(tracer, "anna", TURN, ENDED_NS)
    provider.shutdown()
    spans = {span.name: span for span in exporter.get_finished_spans()}
    assert set(spans) == {"frontdesk.turn", "frontdesk.retrieve", "frontdesk.gate"}
    turn, gate = spans["frontdesk.turn"], spans["frontdesk.gate"]
    assert turn.start_time == ENDED_NS - 50_000_000
    assert gate.start_time == turn.start_time + 10_000_000
    assert gate.end_time == gate.start_time + 30_000_000
    assert gate.parent is not None
    assert gate.parent.span_id == turn.context.span_id
    attributes = dict(turn.attributes or {})
    assert attributes["frontdesk.decision"] == "answer"
    assert attributes["frontdesk.passages"] == ("returns#0",)


def test_nothing_that_was_said_leaves_the_house() -> None:
    exporter = InMemorySpanExporter()
    tracer, provider = open_tracer("http://127.0.0.1:9/v1/traces", exporter)
    ship_turn(tracer, "anna", TURN, ENDED_NS)
    provider.shutdown()
    shipped = " ".join(
        str(dict(span.attributes or {})) for span in exporter.get_finished_spans()
    )
    assert "4111" not in shipped
    assert "30 days" not in shipped

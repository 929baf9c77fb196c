import json

import httpx
import pytest

from frontdesk.evaluation import load
from frontdesk.evaluation.sets import EvaluationError

ANSWERED = {
    "text": "30 days.",
    "decision": "answer",
    "generated": True,
    "timings": {"retrieve": 10.0, "generate": 200.0},
}
ABSTAINED = {
    "text": "I do not know.",
    "decision": "abstain",
    "timings": {"retrieve": 30},
}


@pytest.fixture
def demo(tmp_path):
    rows = [
        {
            "id": str(n),
            "kind": "followup",
            "turns": [
                {"role": "user", "text": f"first {n}"},
                {"role": "bot", "text": "yes"},
                {"role": "user", "text": f"second {n}"},
            ],
        }
        for n in range(5)
    ]
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (tmp_path / "answers.jsonl").write_text(lines)
    return tmp_path


def test_conversations_hold_n_messages_of_the_customer(demo):
    drawn = load.conversations(21, folder=demo)
    messages = [message for conversation in drawn for message in conversation]
    assert len(messages) == 21
    assert "yes" not in messages
    assert any(message in load.SMALL_TALK for message in messages)
    assert drawn == load.conversations(21, folder=demo)


def test_a_folder_without_questions_is_named(tmp_path):
    with pytest.raises(EvaluationError, match=r"holds no answers\*\.jsonl"):
        load.conversations(1, folder=tmp_path)


async def _talk(handler, drawn, users=2):
    transport = httpx.MockTransport(handler)
    async with httpx.AsyncClient(transport=transport) as client:
        return await load.run(client, "http://shop/rest", drawn, users)


def _run(coroutine):
    import asyncio

    return asyncio.run(coroutine)


def test_a_conversation_keeps_its_sender_and_order():
    seen = []

    def reply(request):
        body = json.loads(request.content)
        seen.append((body["sender"], body["message"]))
        return httpx.Response(200, json=[ANSWERED])

    turns = _run(_talk(reply, [["a", "b"], ["c"]], users=1))
    assert [message for _, message in seen] == ["a", "b", "c"]
    assert seen[0][0] == seen[1][0] != seen[2][0]
    assert [turn.replies for turn in turns] == [[ANSWERED]] * 3


def test_empty_replies_and_errors_are_counted_apart():
    def reply(request):
        message = json.loads(request.content)["message"]
        if message == "down":
            return httpx.Response(503)
        if message == "refused":
            raise httpx.ConnectError("refused")
        return httpx.Response(
            200, json={"a": [ANSWERED], "n": [{"text": " "}]}[message]
        )

    turns = _run(_talk(reply, [["a", "n", "down"], ["refused"]]))
    value = load.summarise(turns)
    assert (value["n"], value["empty"], value["errors"]) == (4, 1, 2)


def test_shares_are_over_decisions_and_stages_over_replies():
    turns = [
        load.Turn("a", 250.0, [ANSWERED]),
        load.Turn("b", 50.0, [ABSTAINED]),
        load.Turn("hi", 5.0, [{"text": "Hello!"}]),
    ]
    value = load.summarise(turns, ["x.log: ERROR"])
    assert value["answer"] == value["abstain"] == 0.5
    assert value["ask"] == 0.0
    assert (value["generated"], value["verbatim"]) == (1.0, 0.0)
    assert value["stages"]["retrieve"] == {"n": 2, "ms_p50": 20.0, "ms_p95": 29.0}
    assert value["log_errors"] == 1


def test_only_trouble_logged_during_the_run_counts(tmp_path):
    old = tmp_path / "rasa.log"
    old.write_text("ERROR before\n")
    before = load.log_sizes(tmp_path)
    with old.open("a") as log:
        log.write("INFO no ERRORS\nTraceback (most recent call last):\n2 ERROR x\n")
    (tmp_path / "new.log").write_text("CRITICAL y\n")
    assert load.new_trouble(tmp_path, before) == [
        "new.log: CRITICAL y",
        "rasa.log: Traceback (most recent call last):",
        "rasa.log: 2 ERROR x",
    ]


def test_a_rotated_log_is_read_from_its_start(tmp_path):
    path = tmp_path / "rasa.log"
    path.write_text("a long line before\n")
    before = load.log_sizes(tmp_path)
    path.write_text("ERROR\n")
    assert load.new_trouble(tmp_path, before) == ["rasa.log: ERROR"]

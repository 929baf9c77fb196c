from __future__ import annotations

import json

import pytest

from frontdesk.evaluation.commands import retail_command
from frontdesk.evaluation.retail import (
    Replay,
    Tried,
    read_retail,
    replay_all,
    summarise,
)
from frontdesk.evaluation.sets import EvaluationError
from tests.evaluation.retail_set import (
    CANCEL,
    MOVE,
    MOVE_HOME,
    change_items,
    data,
    exchange,
    give_back,
    task,
    write_set,
)


def differing(*actions):
    (found,) = replay_all(data(), [task("1", *actions)])
    return found.differing


@pytest.mark.parametrize(
    "actions",
    [(CANCEL,), (MOVE,), (MOVE, CANCEL), (give_back(),), (exchange("g"),)],
)
def test_what_our_writes_can_say_ends_in_the_same_state(actions):
    assert differing(*actions) == frozenset()


def test_reading_only_changes_nothing():
    (found,) = replay_all(
        data(), [task("1", ("get_order_details", {"order_id": "#W1"}))]
    )
    assert found == Replay("1", (), (), frozenset())


def test_a_price_difference_is_not_charged_by_us():
    assert differing(exchange("b")) == {"difference", "difference method"}


def test_a_gift_card_is_not_refilled_by_us():
    cancel = (
        "cancel_pending_order",
        {"order_id": "#W3", "reason": CANCEL[1]["reason"]},
    )
    assert differing(cancel) == {"gift cards"}


@pytest.mark.parametrize(
    ("action", "lacking", "aspects"),
    [
        (change_items("g"), "no operation", {"status", "items"}),
        (MOVE_HOME, "no operation", {"default address"}),
        (
            give_back(method="card_1"),
            "payment method",
            {"status", "returned", "return method"},
        ),
    ],
)
def test_what_our_writes_cannot_say_is_lacking(action, lacking, aspects):
    (found,) = replay_all(data(), [task("1", action)])
    (tried,) = found.tried
    assert tried.outcome.startswith("lacking: ") and lacking in tried.outcome
    assert found.differing == aspects


def test_both_refuse_what_is_forbidden():
    refused = {"order_id": "#W4", "reason": "no longer needed"}
    (found,) = replay_all(data(), [task("1", ("cancel_pending_order", refused))])
    assert found.tried[0].outcome.startswith("refused: ")
    assert found.forbidden == ("cancel_pending_order: the order is processed",)
    assert found.differing == frozenset()


def test_tasks_do_not_see_each_other():
    first, second = replay_all(data(), [task("1", CANCEL), task("2", CANCEL)])
    assert first.tried == second.tried == (Tried("cancel_pending_order", "done"),)


def test_the_figures_count_tasks():
    same = Replay("1", (Tried("a", "done"),), (), frozenset())
    paid = Replay("2", (Tried("a", "done"),), ("a: no",), frozenset({"gift cards"}))
    other = Replay("3", (Tried("b", "lacking: it"),), (), frozenset({"items"}))
    value = summarise([same, paid, other, Replay("4", (), (), frozenset())])
    assert (value["n"], value["same_state"], value["same_but_payment"]) == (4, 2, 3)
    assert (value["n_writing"], value["same_state_writing"]) == (3, 1)
    assert value["same_but_payment_writing"] == 2
    assert value["forbidden_by_reading"] == 1
    assert value["actions"][0] == {"action": "a", "outcome": "done", "n": 2}
    assert value["differing"] == {"gift cards": 1, "items": 1}


def test_the_command_prints_one_json_value(tmp_path, capsys):
    assert retail_command(write_set(tmp_path, task("1", CANCEL)), json=True) == 0
    assert json.loads(capsys.readouterr().out)["same_state"] == 1


def test_the_command_shows_actions_and_rules(tmp_path, capsys):
    assert retail_command(write_set(tmp_path, task("1", CANCEL, MOVE_HOME))) == 0
    shown = capsys.readouterr().out
    assert "| 1 | cancel_pending_order | done |" in shown
    assert "| yes | cancel only a pending order | cancellation.open_states |" in shown


def test_a_missing_file_is_named(tmp_path, capsys):
    assert retail_command(tmp_path) == 2
    assert "db.json" in capsys.readouterr().err


@pytest.mark.parametrize(("name", "text"), [("db.json", "[]"), ("tasks.json", "{}")])
def test_a_file_of_another_form_is_named(tmp_path, name, text):
    write_set(tmp_path, task("1", CANCEL))
    (tmp_path / name).write_text(text)
    with pytest.raises(EvaluationError, match=name):
        read_retail(tmp_path)


def test_broken_json_is_named(tmp_path):
    write_set(tmp_path)
    (tmp_path / "tasks.json").write_text("{")
    with pytest.raises(EvaluationError, match=r"tasks\.json' is no JSON"):
        read_retail(tmp_path)

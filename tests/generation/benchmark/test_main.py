import json

import pytest

from frontdesk.generation.benchmark.__main__ import main

TINY = ["--shape", "tiny", "--dtype", "float32"]


def test_engines_are_printed_beside_the_machines_bound(capsys):
    chosen = ["--clients", "1", "2", "--each", "1", "--peers", "batch", "generate"]
    assert main(["engines", *TINY, *chosen]) == 0
    printed = capsys.readouterr().out
    assert "bound while writing" in printed
    assert "batch against generate, 2 clients: " in printed
    assert printed.count("% of the bound while writing") == 4


def test_engines_can_be_printed_as_json(capsys):
    chosen = ["--clients", "1", "--each", "1", "--peers", "batch", "--rounds", "2"]
    assert main(["engines", *TINY, *chosen, "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["machine"]["read_gb_per_s"] > 0
    assert [row["peer"] for row in printed["rows"]] == ["batch", "batch"]


def test_identity_fails_only_if_answers_differ(capsys):
    short = ["--prompt-tokens", "60", "--answer-tokens", "8"]
    assert main(["identity", *TINY, "--prompts", "4", *short]) == 0
    assert "alone: 4 of 4 answers identical" in capsys.readouterr().out


def test_a_soak_says_what_was_lost(capsys):
    arguments = ["--minutes", "0.02", "--prompts", "8"]
    assert main(["soak", *TINY, *arguments]) == 0
    assert "failed survivors 0, leaked slots 0" in capsys.readouterr().out


def test_a_model_that_is_not_there_is_one_sentence(capsys):
    assert main(["identity", "--model", "/no/model"]) == 1
    assert "There is no model at '/no/model'" in capsys.readouterr().err


def test_a_server_without_address_is_refused(capsys):
    with pytest.raises(SystemExit):
        main(["servers", "ours"])
    assert "invalid read value: 'ours'" in capsys.readouterr().err

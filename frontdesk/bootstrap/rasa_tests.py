"""`rasa test`, in few lines: the conversations of tests/stories and the messages.

Rasa's own command prints a wall of warnings, and does not fail on wrong intents.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

from frontdesk.bootstrap import SetupError
from frontdesk.bootstrap.plan import RASA
from frontdesk.bootstrap.steps import run_command
from frontdesk.quiet import quiet_environ
from frontdesk.settings import Settings, SettingsError

STORIES = Path("tests/stories")
MESSAGES = (Path("tests/test_nlu.yml"), Path("tests/test_nlu_skills.yml"))

# 5 of 331 messages are wrong today, single words of other languages among them.
LEAST_ACCURACY = 0.97


def main() -> int:
    """Exit status: 0 when every conversation goes as told and intents are good."""
    try:
        var = Settings.from_environ().var
        results = var / "results"
        log = var / "logs" / "rasa-test.log"
        log.unlink(missing_ok=True)
        rasa = [str(RASA / "bin" / "python"), "-m", "rasa", "test"]
        out = ["--out", str(results)]
        stories = ["--stories", str(STORIES), "--fail-on-prediction-errors"]
        run_command([*rasa, "core", *stories, "--no-plot", *out], log, quiet_environ())
        print(f"Conversations of {STORIES}: {right_conversations(log)}", flush=True)
        for messages in MESSAGES:
            nlu = ["--nlu", str(messages), "--no-plot"]
            run_command([*rasa, "nlu", *nlu, *out], log, quiet_environ())
            require_accuracy(messages, results)
    except (SetupError, SettingsError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def require_accuracy(messages: Path, results: Path) -> None:
    """Print how many messages have the right intent.

    Raises:
        SetupError: They are fewer than LEAST_ACCURACY.
    """
    accuracy = intent_accuracy(results / "intent_report.json")
    print(f"Messages of {messages}: {accuracy:.1%} have the right intent", flush=True)
    if accuracy < LEAST_ACCURACY:
        raise SetupError(
            f"Intent accuracy is {accuracy:.3f}, below {LEAST_ACCURACY}; see "
            f"{str(results / 'intent_errors.json')!r} for the messages."
        )


def right_conversations(log: Path) -> str:
    """How many conversations went as told, e.g. "50 / 50".

    Raises:
        SetupError: The log holds no such line.
    """
    text = log.read_text("utf-8")
    found = re.search(r"CONVERSATION level:.*?Correct:\s+(\d+ / \d+)", text, re.DOTALL)
    if not found:
        raise SetupError(f"{str(log)!r} tells of no conversation; run make test again.")
    return found.group(1)


def intent_accuracy(report: Path) -> float:
    """Share of messages with the right intent, from Rasa's report.

    Rasa leaves "accuracy" out where it equals the micro average.
    """
    figures = json.loads(report.read_text("utf-8"))
    if "accuracy" in figures:
        return float(figures["accuracy"])
    return float(figures["micro avg"]["f1-score"])


if __name__ == "__main__":
    sys.exit(main())

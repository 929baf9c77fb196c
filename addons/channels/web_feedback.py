"""What customers think of answers, one JSON object a line in `var/feedback.jsonl`.

Support teams read it with any tool; the last line about a message counts.
"""

import json
import os
from pathlib import Path
from typing import Any, Dict, List, Optional

from addons.channels.web_messages import Feedback, now

FILE = "feedback.jsonl"


def record_feedback(
    var: Path, session: str, feedback: Feedback, messages: List[Dict[str, Any]]
) -> None:
    """Append a verdict with what it is about.

    Args:
        var: The folder of run-time data.
        session: The conversation.
        feedback: The verdict.
        messages: The conversation around the judged message, oldest first.

    Raises:
        OSError: The file cannot be written.
    """
    judged = _find(messages, feedback.seq)
    line: Dict[str, Any] = {
        "at": now(),
        "kind": "feedback" if feedback.seq else "rating",
        "conversation": session,
        "seq": feedback.seq,
        "value": feedback.value,
        "reason": feedback.reason,
        "comment": feedback.comment,
    }
    if judged is not None:
        asked = [
            m for m in messages if m["role"] == "user" and m["seq"] < judged["seq"]
        ]
        line["question"] = asked[-1]["text"] if asked else ""
        line["answer"] = judged["text"]
        line["decision"] = judged.get("decision", "")
        line["citations"] = [source["id"] for source in judged.get("citations", ())]
    var.mkdir(parents=True, exist_ok=True)
    text = json.dumps(line, ensure_ascii=False) + "\n"
    # One write in append mode: lines of several workers do not mix.
    number = os.open(var / FILE, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(number, text.encode("utf-8", "replace"))
    finally:
        os.close(number)


def _find(messages: List[Dict[str, Any]], seq: int) -> Optional[Dict[str, Any]]:
    for message in messages:
        if message["seq"] == seq and message["role"] != "user":
            return message
    return None

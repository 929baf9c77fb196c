"""Which of a customer's waiting messages are one message typed in pieces.

"hi", "where is my order", "LO-1234" in a row are one question, while two whole
questions are two.
"""

import re
from typing import List, Sequence

from addons.channels.guard import is_command
from addons.channels.web_log import Waiting
from addons.channels.web_messages import age_s

# How long a message that may go on is held back, counted from its arrival. Choosing
# more makes one-word questions slow, less misses the second piece.
HOLD_S = 0.6
_HELD_WORDS = 3
_PIECE_WORDS = 8
_MAX_CHARACTERS = 500
_FINISHED = re.compile(r"[.!?…。！？;]\W*$")
_COMPLETE = re.compile(r"[\d@]")  # order numbers, addresses: what was asked for


def first_burst(waiting: Sequence[Waiting]) -> List[Waiting]:
    """The oldest message with the pieces that follow it; empty if none waits."""
    burst = list(waiting[:1])
    length = len(_text(burst[0])) if burst else 0
    for following in waiting[1:]:
        length += len(_text(following))
        goes_on = _may_go_on(burst[-1], _PIECE_WORDS)
        if not goes_on or _stands_alone(following) or length > _MAX_CHARACTERS:
            break
        burst.append(following)
    return burst


def hold_s(burst: Sequence[Waiting]) -> float:
    """Seconds to wait for another piece, 0 if none is to be expected."""
    last = burst[-1]
    words = _HELD_WORDS if len(burst) == 1 else _PIECE_WORDS
    if not _may_go_on(last, words) or _COMPLETE.search(_text(last)):
        return 0.0
    return max(0.0, HOLD_S - age_s(last.message))


def joined(burst: Sequence[Waiting]) -> str:
    """The pieces as one text, a line each."""
    return "\n".join(_text(piece) for piece in burst)


def _may_go_on(piece: Waiting, words: int) -> bool:
    text = _text(piece)
    return (
        not _stands_alone(piece)
        and len(text.split()) <= words
        and not _FINISHED.search(text)
    )


def _stands_alone(piece: Waiting) -> bool:
    return bool(piece.turn.get("pressed")) or is_command(_text(piece))


def _text(piece: Waiting) -> str:
    return str(piece.turn["text"])

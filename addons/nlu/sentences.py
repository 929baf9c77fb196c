"""The parts of a message that may each want something else.

"Thanks! Where is LO-104233, and can I still return it?" has three.
"""

from __future__ import annotations

import re

MAX_PARTS = 4  # each costs its own embedding, a few milliseconds
_BORDER = re.compile(
    r"(?<=[.!?;])\s+|\s*\n+\s*"
    r"|,?\s+(?:and|also|plus|oh)\s+(?:also\s+)?(?=(?:can|could|do|does|how|i|is|are|"
    r"what|when|where|which|who|why|please|will|would)\b)",
    re.IGNORECASE,
)


def split_sentences(text: str) -> list[str]:
    """The parts in order, at most `MAX_PARTS`; a message of one part gives none."""
    parts = [part.strip(" ,;") for part in _BORDER.split(text)]
    parts = [part for part in parts if re.search(r"\w", part)]
    return parts[:MAX_PARTS] if len(parts) > 1 else []

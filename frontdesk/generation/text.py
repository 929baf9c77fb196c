"""Tokens to text, piece by piece, and text to tokens without surprises."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_PARTIAL = "\ufffd"  # what a tokenizer prints for half a character


class TextAssembler:
    """Turns tokens into text that may be shown: whole characters, no stop string."""

    def __init__(self, tokenizer: Any, stop: Sequence[str] = ()) -> None:
        self._tokenizer = tokenizer
        self._stop = tuple(text for text in stop if text)
        self._ids: list[int] = []
        self._start = 0  # tokens before it are decoded and done with
        self._decoded = 0  # tokens before it have been decoded at least once
        self._held = ""  # may be the beginning of a stop string
        self.stopped = False

    def push(self, token_id: int) -> str:
        """Text that this token makes safe to show; sets `stopped` at a stop string."""
        self._ids.append(token_id)
        # Decoding from a token before the new one keeps spaces and joins right.
        before = self._decode(self._start, self._decoded)
        now = self._decode(self._start, len(self._ids))
        if len(now) <= len(before) or now.endswith(_PARTIAL):
            return ""
        self._start, self._decoded = self._decoded, len(self._ids)
        return self._release(now[len(before) :])

    def finish(self) -> str:
        """What was held back, once no more tokens come."""
        if self.stopped:
            return ""
        before = self._decode(self._start, self._decoded)
        rest = self._decode(self._start, len(self._ids))[len(before) :]
        shown = self._release(rest)
        if self.stopped:
            return shown
        shown, self._held = shown + self._held, ""
        return shown

    def _decode(self, start: int, end: int) -> str:
        return str(
            self._tokenizer.decode(
                self._ids[start:end],
                skip_special_tokens=True,
                clean_up_tokenization_spaces=False,
            )
        )

    def _release(self, text: str) -> str:
        text = self._held + text
        found = [at for at in (text.find(stop) for stop in self._stop) if at >= 0]
        if found:
            self.stopped, self._held = True, ""
            return text[: min(found)]
        keep = max((_overlap(text, stop) for stop in self._stop), default=0)
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep]


def _overlap(text: str, stop: str) -> int:
    """Length of the longest end of `text` that begins `stop`."""
    for length in range(min(len(text), len(stop) - 1), 0, -1):
        if text.endswith(stop[:length]):
            return length
    return 0


def encode_chat(
    tokenizer: Any, messages: Sequence[Mapping[str, str]]
) -> tuple[int, ...]:
    """Token ids of a conversation up to where the assistant's turn begins.

    Control tokens spelled out in a message stay plain text: nobody can end a turn
    or open a system turn by typing `<|im_end|>`.
    """
    special = [text for text in tokenizer.all_special_tokens if len(text) > 1]
    special += list(getattr(tokenizer, "get_added_vocab", dict)())
    cleaned = [
        {"role": m["role"], "content": _defuse(m["content"], special)} for m in messages
    ]
    if not tokenizer.chat_template:
        lines = [f"{m['role']}: {m['content']}\n" for m in cleaned]
        return tuple(tokenizer("".join([*lines, "assistant:"]))["input_ids"])
    ids = tokenizer.apply_chat_template(
        cleaned, add_generation_prompt=True, return_dict=False
    )
    return tuple(ids)


def _defuse(text: str, special: Sequence[str]) -> str:
    for token in special:
        # One space after the first character: no longer the token, still readable.
        text = text.replace(token, f"{token[0]} {token[1:]}")
    return text

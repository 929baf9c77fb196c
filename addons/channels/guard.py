"""What may enter a conversation: the customer's text and the sender's name, checked."""

import re
import unicodedata
from typing import Set

MAX_CHARACTERS = 2000
MAX_SENDER = 128

EMPTY = "I didn't receive any text. What can I help you with?"
NO_TEXT = "I can only read text messages. Could you type what you need?"
TOO_LONG = (
    f"That message is too long for me: I can read up to {MAX_CHARACTERS:,} characters. "
    "Could you put it more briefly?"
)

# Nothing a customer types on purpose: control characters, lone surrogates, marks that
# reorder or hide text. Joiners stay: emoji and several scripts need them.
_UNWANTED = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f"
    "\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e0fff]"
)
_COMMAND = re.compile(r"\s*(/|external\s*:)\s*", re.IGNORECASE)
_NAME = re.compile(r"/\s*([^\s{@]*)")
# Intents that steer Rasa itself; no button of ours has a reason to send them.
_NEVER = {"restart", "back", "session_start"}


class RefusedMessageError(ValueError):
    """A message that is not passed on; its text is what the customer is told."""


class SenderError(ValueError):
    """A sender that cannot name a conversation."""


def guard_text(value: object) -> str:
    """The text of a message, readable and in normal form, at most 2,000 characters.

    Raises:
        RefusedMessageError: There is no text in it, or too much.
    """
    if value is None:
        raise RefusedMessageError(EMPTY)
    if not isinstance(value, str):
        raise RefusedMessageError(NO_TEXT)
    if len(value) > 10 * MAX_CHARACTERS:  # too long whatever cleaning would remove
        raise RefusedMessageError(TOO_LONG)
    text = _UNWANTED.sub("", value.replace("\r\n", "\n").replace("\r", "\n"))
    text = unicodedata.normalize("NFC", text).strip()
    if not any(unicodedata.category(character)[0] not in "ZC" for character in text):
        raise RefusedMessageError(EMPTY)
    if len(text) > MAX_CHARACTERS:
        raise RefusedMessageError(TOO_LONG)
    return text


def is_command(text: str) -> bool:
    """Whether Rasa could read the text as an intent or as an event of its own."""
    return _COMMAND.match(text) is not None


def guard_command(text: str, offered: Set[str]) -> str:
    """The text as the customer may say it: a command only if a button offered it.

    Args:
        text: What `guard_text` returned.
        offered: The payloads of the buttons this conversation has been shown.

    Raises:
        RefusedMessageError: Nothing but slashes is left.
    """
    if text in offered and not _steers_rasa(text):
        return text
    while True:
        match = _COMMAND.match(text)
        if match is None:
            break
        text = text[match.end() :]
    if not text.strip():
        raise RefusedMessageError(EMPTY)
    return text


def guard_sender(value: object) -> str:
    """The sender, which names the conversation: 1 to 128 printable characters.

    Raises:
        SenderError: It is something else.
    """
    if not isinstance(value, str) or not value.strip():
        raise SenderError(
            f"'sender' is {value!a}. Send a text that names the customer."
        )
    if len(value) > MAX_SENDER:
        raise SenderError(
            f"'sender' has {len(value)} characters. Use at most {MAX_SENDER}."
        )
    if not value.isprintable():
        raise SenderError(f"'sender' is {value!a}. Use printable characters only.")
    return value


def _steers_rasa(text: str) -> bool:
    match = _NAME.match(text)
    return match is None or match.group(1).lower() in _NEVER

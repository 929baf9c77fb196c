"""What the rest of Frontdesk needs of a model: messages in, text out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence


class Generator(ABC):
    """A model that answers chats, here or on a server."""

    @abstractmethod
    def stream(
        self,
        messages: Sequence[Mapping[str, str]],
        *,
        max_tokens: int = 160,
        temperature: float = 0.0,
        stop: Sequence[str] = (),
    ) -> AsyncIterator[str]:
        """Pieces of the reply as they come; joined they are the reply."""

    async def complete(
        self,
        messages: Sequence[Mapping[str, str]],
        *,
        max_tokens: int = 160,
        temperature: float = 0.0,
        stop: Sequence[str] = (),
    ) -> str:
        """The whole reply; limits and errors as in `stream`."""
        pieces = self.stream(
            messages, max_tokens=max_tokens, temperature=temperature, stop=stop
        )
        return "".join([piece async for piece in pieces])


def clean_messages(messages: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    """The messages without lone surrogates, which no encoding of JSON can carry."""
    return [{key: _clean(text) for key, text in m.items()} for m in messages]


def _clean(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")

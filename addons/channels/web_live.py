"""What is going on right now: who answers a conversation, and replies being written.

`LocalLive` serves one Rasa worker, `RedisLive` (web_redis.py) any number.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, Dict, Optional, Set

# A turn ends after 9.5 s at the latest; a worker that died frees its conversations.
LEASE_S = 20.0
STAGES = ("thinking", "looking_up", "writing", "checking")


class Live(ABC):
    """Leases on conversations and streams of replies. Methods may raise LogError."""

    @abstractmethod
    async def lease(self, session: str) -> bool:
        """Be the only one who answers this conversation; for 20 s, unless renewed."""

    @abstractmethod
    async def renew(self, session: str) -> None:
        """Keep a conversation for another 20 s."""

    @abstractmethod
    async def release(self, session: str) -> None:
        """Let others answer."""

    @abstractmethod
    async def open(self, stream_id: str, session: str) -> None:
        """Begin a stream, at `seq` 0 and stage "thinking"."""

    @abstractmethod
    async def add(
        self, stream_id: str, session: str, seq: int, delta: str, stage: str
    ) -> bool:
        """Add to a stream; False if it is not open or `seq` is not higher."""

    @abstractmethod
    async def current(self, session: str) -> Optional[Dict[str, Any]]:
        """The open stream of a conversation: `stream_id`, `seq`, `text`, `stage`."""

    @abstractmethod
    async def close(self, stream_id: str, session: str) -> None:
        """End a stream."""

    @abstractmethod
    async def stop(self, stream_id: str, session: str) -> bool:
        """Ask for the end of a reply; False if no such stream is open here."""

    @abstractmethod
    async def is_wanted(self, stream_id: str, session: str) -> bool:
        """Whether a stream is open and nobody asked for its end."""

    @abstractmethod
    async def shut(self) -> None:
        """Let go of connections."""


@dataclass
class _Stream:
    session: str
    seq: int = 0
    text: str = ""
    stage: str = STAGES[0]
    stopped: bool = False


class LocalLive(Live):
    """Leases and streams in this process."""

    def __init__(self) -> None:
        """Nothing going on."""
        self._leased: Set[str] = set()
        self._streams: Dict[str, _Stream] = {}

    async def lease(self, session: str) -> bool:
        if session in self._leased:
            return False
        self._leased.add(session)
        return True

    async def renew(self, session: str) -> None:
        pass  # a lease of this process ends with it

    async def release(self, session: str) -> None:
        self._leased.discard(session)

    async def open(self, stream_id: str, session: str) -> None:
        self._streams[stream_id] = _Stream(session)

    async def add(
        self, stream_id: str, session: str, seq: int, delta: str, stage: str
    ) -> bool:
        stream = self._find(stream_id, session)
        if stream is None or seq <= stream.seq:
            return False
        stream.seq = seq
        stream.text += delta
        stream.stage = stage or stream.stage
        return True

    async def current(self, session: str) -> Optional[Dict[str, Any]]:
        for stream_id, stream in self._streams.items():
            if stream.session == session:
                return {
                    "stream_id": stream_id,
                    "seq": stream.seq,
                    "text": stream.text,
                    "stage": stream.stage,
                }
        return None

    async def close(self, stream_id: str, session: str) -> None:
        self._streams.pop(stream_id, None)

    async def stop(self, stream_id: str, session: str) -> bool:
        stream = self._find(stream_id, session)
        if stream is None:
            return False
        stream.stopped = True
        return True

    async def is_wanted(self, stream_id: str, session: str) -> bool:
        stream = self._find(stream_id, session)
        return stream is not None and not stream.stopped

    async def shut(self) -> None:
        pass

    def _find(self, stream_id: str, session: str) -> Optional[_Stream]:
        stream = self._streams.get(stream_id)
        return stream if stream is not None and stream.session == session else None

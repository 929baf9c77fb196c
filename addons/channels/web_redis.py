"""The web channel's log and its live state in Redis, for several Rasa workers.

All keys of a conversation carry its id in braces, so that a cluster keeps them
together. They expire 30 days after the last message.
"""

import json
import uuid
from contextlib import contextmanager
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple

import redis.asyncio
from redis.exceptions import RedisError

from addons.channels.web_live import LEASE_S, STAGES, Live
from addons.channels.web_log import (
    KEEP_DAYS,
    ConversationLog,
    LogError,
    Message,
    Waiting,
)

TIMEOUT_S = 2.0
_KEEP_S = KEEP_DAYS * 24 * 3600
_STREAM_S = 60

_ACCEPT = """
local seen = redis.call('HGET', KEYS[2], ARGV[1])
if seen then return {tonumber(seen), 0} end
local seq = redis.call('RPUSH', KEYS[1], ARGV[2])
redis.call('HSET', KEYS[2], ARGV[1], seq)
redis.call('HSET', KEYS[3], seq, ARGV[3])
for i = 1, 3 do redis.call('EXPIRE', KEYS[i], ARGV[4]) end
return {seq, 1}
"""
_ANSWER = """
local left = 0
for seq in string.gmatch(ARGV[1], '%d+') do
  left = left + redis.call('HDEL', KEYS[2], seq)
end
if left == 0 then return 0 end
local seq = 0
for i = 3, #ARGV do seq = redis.call('RPUSH', KEYS[1], ARGV[i]) end
redis.call('EXPIRE', KEYS[1], ARGV[2])
return seq
"""
_RELEASE = """
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
"""
_RENEW = """
if redis.call('GET', KEYS[1]) == ARGV[1] then
  return redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
"""
_ADD = """
if redis.call('HGET', KEYS[1], 'session') ~= ARGV[1] then return 0 end
if tonumber(ARGV[2]) <= tonumber(redis.call('HGET', KEYS[1], 'seq')) then return 0 end
local text = redis.call('HGET', KEYS[1], 'text') .. ARGV[3]
redis.call('HSET', KEYS[1], 'seq', ARGV[2], 'text', text)
if ARGV[4] ~= '' then redis.call('HSET', KEYS[1], 'stage', ARGV[4]) end
return 1
"""
_STOP = """
if redis.call('HGET', KEYS[1], 'session') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'stopped', '1')
return 1
"""


class _Connected:
    """A connection that opens at first use; `prefix` begins every key."""

    def __init__(self, url: str, prefix: str = "frontdesk:web") -> None:
        """Nothing is sent before the first call."""
        self._redis = redis.asyncio.Redis.from_url(
            url,
            decode_responses=True,
            socket_timeout=TIMEOUT_S,
            socket_connect_timeout=TIMEOUT_S,
        )
        self._prefix = prefix

    def _key(self, session: str, what: str) -> str:
        return f"{self._prefix}:{{{session}}}:{what}"

    async def _script(self, text: str, keys: Sequence[str], *values: object) -> Any:
        with _translated():
            return await self._redis.eval(text, len(keys), *keys, *values)

    async def _shut(self) -> None:
        with _translated():
            await self._redis.close()
            await self._redis.connection_pool.disconnect()


class RedisLog(_Connected, ConversationLog):
    """A log that all workers share; a message's `seq` is its place in a list."""

    async def accept(
        self, session: str, message: Message, turn: Dict[str, Any]
    ) -> Tuple[Message, bool]:
        keys = [self._key(session, what) for what in ("log", "ids", "waiting")]
        stored = (message["message_id"], json.dumps(message), json.dumps(turn))
        seq, new = await self._script(_ACCEPT, keys, *stored, _KEEP_S)
        if new:
            return {"seq": seq, **message}, True
        [first], _ = await self.history(session, 1, after=seq - 1, before=seq + 1)
        return first, False

    async def append(self, session: str, message: Message) -> Message:
        with _translated():
            log = self._key(session, "log")
            seq = await self._redis.rpush(log, json.dumps(message))
            await self._redis.expire(log, _KEEP_S)
        return {"seq": seq, **message}

    async def answer(
        self, session: str, seqs: Sequence[int], replies: Sequence[Message]
    ) -> List[Message]:
        keys = [self._key(session, what) for what in ("log", "waiting")]
        bodies = [json.dumps(reply) for reply in replies]
        done = " ".join(map(str, seqs))
        last = await self._script(_ANSWER, keys, done, _KEEP_S, *bodies)
        if not last:
            return []
        first = last - len(replies) + 1
        return [{"seq": first + n, **reply} for n, reply in enumerate(replies)]

    async def waiting(self, session: str) -> List[Waiting]:
        with _translated():
            found = await self._redis.hgetall(self._key(session, "waiting"))
            messages = []
            for seq in sorted(map(int, found)):
                body = await self._redis.lindex(self._key(session, "log"), seq - 1)
                message = {"seq": seq, **json.loads(body)}
                messages.append(Waiting(message, json.loads(found[str(seq)])))
        return messages

    async def history(
        self,
        session: str,
        limit: int,
        after: int = 0,
        before: Optional[int] = None,
    ) -> Tuple[List[Message], bool]:
        with _translated():
            log = self._key(session, "log")
            count = await self._redis.llen(log)
            end = min(count, (before or count + 1) - 1)
            begin = after if after else max(0, end - limit)
            end = min(end, begin + limit) if after else end
            bodies = []
            if end > begin:
                bodies = await self._redis.lrange(log, begin, end - 1)
        messages = [
            {"seq": begin + n, **json.loads(body)} for n, body in enumerate(bodies, 1)
        ]
        last = min(count, (before or count + 1) - 1)
        return messages, end < last if after else begin > 0

    async def bind(self, session: str, customer: str) -> str:
        with _translated():
            key = self._key(session, "customer")
            await self._redis.set(key, customer, nx=True, ex=_KEEP_S)
            return str(await self._redis.get(key))

    async def end(self, session: str) -> None:
        with _translated():
            gone = ("log", "ids", "waiting", "customer", "stream")
            await self._redis.set(self._key(session, "ended"), "1", ex=_KEEP_S)
            await self._redis.delete(*(self._key(session, what) for what in gone))

    async def is_ended(self, session: str) -> bool:
        with _translated():
            return bool(await self._redis.exists(self._key(session, "ended")))

    async def close(self) -> None:
        await self._shut()


class RedisLive(_Connected, Live):
    """Leases and streams that all workers see."""

    def __init__(self, url: str, prefix: str = "frontdesk:web") -> None:
        """The live state, as seen by one worker."""
        super().__init__(url, prefix)
        self._worker = uuid.uuid4().hex

    async def lease(self, session: str) -> bool:
        with _translated():
            key = self._key(session, "lease")
            limit = int(1000 * LEASE_S)
            return bool(await self._redis.set(key, self._worker, nx=True, px=limit))

    async def renew(self, session: str) -> None:
        limit = int(1000 * LEASE_S)
        await self._script(_RENEW, [self._key(session, "lease")], self._worker, limit)

    async def release(self, session: str) -> None:
        await self._script(_RELEASE, [self._key(session, "lease")], self._worker)

    async def open(self, stream_id: str, session: str) -> None:
        fields = {"session": session, "seq": 0, "text": "", "stage": STAGES[0]}
        with _translated():
            key = self._key(session, f"stream:{stream_id}")
            await self._redis.hset(key, mapping=fields)
            await self._redis.expire(key, _STREAM_S)
            current = self._key(session, "stream")
            await self._redis.set(current, stream_id, ex=_STREAM_S)

    async def add(
        self, stream_id: str, session: str, seq: int, delta: str, stage: str
    ) -> bool:
        key = self._key(session, f"stream:{stream_id}")
        return bool(await self._script(_ADD, [key], session, seq, delta, stage))

    async def current(self, session: str) -> Optional[Dict[str, Any]]:
        with _translated():
            stream_id = await self._redis.get(self._key(session, "stream"))
            key = self._key(session, f"stream:{stream_id}")
            found = await self._redis.hgetall(key) if stream_id else None
        if not found:
            return None
        return {
            "stream_id": stream_id,
            "seq": int(found["seq"]),
            "text": found["text"],
            "stage": found["stage"],
        }

    async def close(self, stream_id: str, session: str) -> None:
        with _translated():
            await self._redis.delete(
                self._key(session, "stream"), self._key(session, f"stream:{stream_id}")
            )

    async def stop(self, stream_id: str, session: str) -> bool:
        key = self._key(session, f"stream:{stream_id}")
        return bool(await self._script(_STOP, [key], session))

    async def is_wanted(self, stream_id: str, session: str) -> bool:
        with _translated():
            key = self._key(session, f"stream:{stream_id}")
            found = await self._redis.hmget(key, "session", "stopped")
        return found == [session, None]

    async def shut(self) -> None:
        await self._shut()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (RedisError, OSError) as error:
        raise LogError(f"Redis cannot be used: {error}") from error

"""A scripted assistant that speaks docs/web-channel.md: the fake at the browser's edge.

It stores conversations as the real channel does, records what it was asked, and
answers with what a test laid down.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import socketio

from tests.browser.server import free_port, run_app

PATH = "/webhooks/web/socket.io"
AT = "2026-11-22T10:00:00+00:00"


@dataclass(frozen=True)
class Reply:
    """How one message is answered: deltas first, then the messages that stay."""

    text: str = ""
    deltas: tuple[str, ...] = ()
    parts: dict[str, Any] = field(default_factory=dict)
    pause_s: float = 0.02  # before each delta and before the message
    stages: tuple[str, ...] = ("looking_up", "writing")


@dataclass
class Conversation:
    """What the server knows of one session."""

    session_id: str
    messages: list[dict[str, Any]] = field(default_factory=list)
    stream: dict[str, Any] | None = None
    stopped: bool = False
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def store(self, **message: Any) -> dict[str, Any]:
        stored = {"seq": len(self.messages) + 1, "at": AT, **message}
        self.messages.append(stored)
        return stored


class Assistant:
    """The server of a test; `url` stays the same over `stop` and `start`."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.replies: dict[str, Reply] = {}
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.conversations: dict[str, Conversation] = {}
        self.lost_acks = 0  # this many messages are stored without an answer
        self.refusals: list[dict[str, Any]] = []  # answers to the next messages
        self._running: Any = None

    def start(self) -> None:
        self._sio = socketio.AsyncServer(
            async_mode="asgi", cors_allowed_origins="*", ping_interval=5
        )
        for name in (
            *("session_request", "session_end", "user_uttered", "history", "stop"),
            *("transcript", "identify", "feedback", "rating"),
        ):
            self._sio.on(name, self._handler(name))
        self._rooms: dict[str, str] = {}
        self._running = run_app(
            socketio.ASGIApp(self._sio, socketio_path=PATH), self.port
        )
        self._running.__enter__()

    def stop(self) -> None:
        if self._running:
            self._running.__exit__(None, None, None)
            self._running = None

    def events(self, name: str) -> list[dict[str, Any]]:
        """What browsers sent under one name, oldest first."""
        return [payload for event, payload in self.asked if event == name]

    def texts(self) -> list[str]:
        """All stored messages of all conversations, as `role: text`."""
        return [
            f"{message['role']}: {message['text']}"
            for conversation in self.conversations.values()
            for message in conversation.messages
        ]

    def _handler(self, name: str) -> Any:
        async def handle(sid: str, payload: dict[str, Any]) -> dict[str, Any] | None:
            self.asked.append((name, payload))
            if name == "session_request":
                return await self._session(sid, payload)
            conversation = self.conversations.get(self._rooms.get(sid, ""))
            if conversation is None:
                return {"ok": False, "error": "no_session", "text": "No session."}
            answer = getattr(self, f"_on_{name}")(sid, conversation, payload)
            return await answer if asyncio.iscoroutine(answer) else answer

        return handle

    async def _session(self, sid: str, payload: dict[str, Any]) -> dict[str, Any]:
        token = payload.get("token")
        resumed = token in self.conversations
        if not resumed:
            token = f"token-{len(self.conversations) + 1}"
            self.conversations[token] = Conversation(f"web:{token}")
        conversation = self.conversations[token]
        self._rooms[sid] = token
        await self._sio.enter_room(sid, token)
        after = payload.get("after", 0)
        messages = [m for m in conversation.messages if m["seq"] > after]
        return {
            "ok": True,
            "token": token,
            "session_id": conversation.session_id,
            "resumed": resumed,
            "expires_at": "2030-01-01T00:00:00+00:00",
            "messages": messages[-50:],
            "more": len(messages) > 50,
            "stream": conversation.stream,
            "busy": conversation.stream is not None,
            "customer": None,
            "limits": {"characters": 200},
        }

    async def _on_user_uttered(
        self, sid: str, conversation: Conversation, payload: dict[str, Any]
    ) -> dict[str, Any] | None:
        if self.refusals:
            return self.refusals.pop(0)
        for message in conversation.messages:
            if message.get("message_id") == payload["message_id"]:
                return {"ok": True, "seq": message["seq"], "at": AT, "duplicate": True}
        text = payload.get("title") or payload["message"]
        stored = conversation.store(
            role="user", text=text, message_id=payload["message_id"]
        )
        room = self._rooms[sid]
        await self._sio.emit("user_uttered", stored, room=room, skip_sid=sid)
        if self.lost_acks:
            self.lost_acks -= 1
            await self._sio.disconnect(sid)
            return None
        reply = self.replies.get(payload["message"], Reply("I see."))
        task = asyncio.create_task(self._answer(room, conversation, reply))
        conversation.tasks.add(task)
        return {"ok": True, "seq": stored["seq"], "at": AT}

    async def _answer(self, room: str, of: Conversation, reply: Reply) -> None:
        stream_id = f"{room}-{len(of.messages)}"
        of.stopped = False
        of.stream = {"stream_id": stream_id, "seq": -1, "text": "", "stage": "thinking"}
        for stage in ("thinking", *reply.stages):
            await self._stream(room, of, stage=stage)
        for delta in reply.deltas:
            await asyncio.sleep(reply.pause_s)
            if of.stopped:
                break
            await self._stream(room, of, delta=delta)
        await asyncio.sleep(reply.pause_s)
        text = of.stream["text"].strip() if of.stopped else reply.text
        parts = {"stopped": True} if of.stopped else reply.parts
        message = of.store(
            **{"role": "bot", "text": text, "stream_id": stream_id, **parts}
        )
        of.stream = None
        await self._sio.emit("bot_uttered", message, room=room)

    async def _stream(self, room: str, of: Conversation, **event: str) -> None:
        assert of.stream is not None
        seq = of.stream["seq"] = of.stream["seq"] + 1
        of.stream["text"] += event.get("delta", "")
        of.stream["stage"] = event.get("stage", of.stream["stage"])
        event_out = {"stream_id": of.stream["stream_id"], "seq": seq, **event}
        await self._sio.emit("bot_stream", event_out, room=room)

    def _on_history(
        self, sid: str, of: Conversation, payload: dict[str, Any]
    ) -> dict[str, Any]:
        after, before = payload.get("after", 0), payload.get("before", 10**6)
        found = [m for m in of.messages if after < m["seq"] < before]
        limit = payload.get("limit", 50)
        kept = found[:limit] if "after" in payload else found[-limit:]
        return {"ok": True, "messages": kept, "more": len(found) > limit}

    def _on_stop(
        self, sid: str, of: Conversation, payload: dict[str, Any]
    ) -> dict[str, Any]:
        of.stopped = True
        return {"ok": True, "stopping": of.stream is not None}

    async def _on_session_end(
        self, sid: str, of: Conversation, payload: dict[str, Any]
    ) -> dict[str, Any]:
        room = self._rooms.pop(sid)
        del self.conversations[room]
        await self._sio.emit("session_ended", {}, room=room, skip_sid=sid)
        await self._sio.leave_room(sid, room)
        return {"ok": True}

    def _on_identify(
        self, sid: str, of: Conversation, payload: dict[str, Any]
    ) -> dict[str, Any]:
        return {
            "ok": True,
            "customer": {"id": "c-1", "name": "Alma"},
            "session_id": of.session_id,
            "token": self._rooms[sid],
            "replaced": False,
            "expires_at": "2030-01-01T00:00:00+00:00",
        }

    def _on_transcript(
        self, sid: str, of: Conversation, payload: dict[str, Any]
    ) -> dict[str, Any]:
        lines = [f"{m['role']}: {m['text']}" for m in of.messages]
        return {"ok": True, "filename": "conversation.txt", "text": "\n".join(lines)}

    def _on_feedback(self, *_: Any) -> dict[str, Any]:
        return {"ok": True}

    _on_rating = _on_feedback

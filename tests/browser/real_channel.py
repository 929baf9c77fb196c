"""The real website channel, with a scripted dialogue behind it, until it is killed.

    .venv-rasa/bin/python -m tests.browser.real_channel ORIGIN FOLDER

Prints its address. It answers `re: TEXT`, streams a reply to `stream`, and offers a
button to `offer`.
"""

import asyncio
import sys
from pathlib import Path
from typing import Any

from rasa.core.channels.channel import UserMessage

from tests.fakes_web import WebServer, options

SENTENCES = ["One is written. ", "Two is written. "]
OFFER = {"title": "Yes", "payload": "/talk_to_person"}


async def serve(origin: str, folder: Path) -> None:
    """Serve pages of `origin`; conversations are kept in `folder`."""
    server: WebServer

    async def answer(message: UserMessage) -> None:
        for reply in await replies(server, message):
            await message.output_channel.send_response(message.sender_id, reply)

    server = WebServer(options(folder, origins=(origin,)), answer, deadline_s=8.0)
    print((await server.start()).url, flush=True)
    await asyncio.Event().wait()


async def replies(server: WebServer, message: UserMessage) -> list[dict[str, Any]]:
    """What the dialogue says to a message."""
    if message.text == "offer":
        return [{"text": "Shall I?", "buttons": [OFFER]}]
    if message.text != "stream":
        return [{"text": f"re: {message.text}"}]
    stream_id = message.metadata["stream_id"]
    # The channel itself sent the first event of the stream, with number 0.
    for seq, sentence in enumerate(SENTENCES, start=1):
        event = {"stream_id": stream_id, "seq": seq, "delta": sentence}
        await server.post("/stream", {"sender_id": message.sender_id, "event": event})
        await asyncio.sleep(0.8)
    return [{"text": "".join(SENTENCES) + "All is checked.", "stream_id": stream_id}]


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], Path(sys.argv[2])))

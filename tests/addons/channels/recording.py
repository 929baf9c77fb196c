"""A worker process with all connectors and a turn handler that records and answers.

    python -m tests.addons.channels.recording PORT TURNS DATABASE VENDOR...

VENDOR is "name=url". Each turn adds a line to the file TURNS, which a kill survives.
"""

import asyncio
import os
import sys
from collections.abc import Sequence
from typing import Any

from sanic import Sanic
from sanic.response import HTTPResponse

from tests.addons.channels.cases import CASES


def serve(channels: Sequence[Any], port: int, turns: str) -> None:
    """Serve channels, and `/other`, which stands for everybody else's conversation."""
    record = os.open(turns, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    async def handle(message: Any) -> None:
        os.write(record, f"{message.sender_id} {message.text}\n".encode())
        await asyncio.sleep(0.005)
        reply = {"text": f"You said: {message.text}"}
        await message.output_channel.send_response(message.sender_id, reply)

    app = Sanic("recording", configure_logging=False)

    @app.get("/other")
    async def other(request: Any) -> HTTPResponse:
        return HTTPResponse("ok")

    for channel in channels:
        app.blueprint(
            channel.blueprint(handle), url_prefix=f"/webhooks/{channel.name()}"
        )
    app.run("127.0.0.1", port, access_log=False, motd=False, debug=False)


def main(port: str, turns: str, database: str, *vendors: str) -> None:
    urls = dict(vendor.split("=", 1) for vendor in vendors)
    store = f"sqlite:///{database}"
    channels = []
    for case in CASES:
        if urls.get(case.name):
            channels.append(case.channel(urls[case.name], deliveries_url=store))
        elif case.name in urls:  # nothing of it is set
            channels.append(type(case.channel("")).from_credentials(None))
    serve(channels, int(port), turns)


if __name__ == "__main__":
    main(*sys.argv[1:])

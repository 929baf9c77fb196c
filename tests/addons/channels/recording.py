"""A worker process with all connectors and a turn handler that records and answers.

    python -m tests.addons.channels.recording PORT DATABASE TURNS VENDOR...

VENDOR is "name=url". Each turn adds a line to the file TURNS, which a kill survives.
"""

import asyncio
import os
import sys
from typing import Any

from sanic import Sanic

from tests.addons.channels.cases import CASES


def main(port: int, database: str, turns: str, *vendors: str) -> None:
    urls = dict(vendor.split("=", 1) for vendor in vendors)
    record = os.open(turns, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    async def handle(message: Any) -> None:
        os.write(record, f"{message.sender_id} {message.text}\n".encode())
        await asyncio.sleep(0.005)
        reply = {"text": f"You said: {message.text}"}
        await message.output_channel.send_response(message.sender_id, reply)

    app = Sanic("recording", configure_logging=False)
    for case in CASES:
        if case.name in urls:
            channel = case.channel(
                urls[case.name], deliveries_url=f"sqlite:///{database}"
            )
            app.blueprint(
                channel.blueprint(handle), url_prefix=f"/webhooks/{channel.name()}"
            )
    app.run("127.0.0.1", port, access_log=False, motd=False, debug=False)


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])

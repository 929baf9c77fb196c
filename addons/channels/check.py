"""`python -m addons.channels.check`: what is wrong with each channel that was set up.

Prints one JSON list of {"channel", "problems"}; `frontdesk channels check` shows it.
"""

import asyncio
import importlib
import json
import sys
from pathlib import Path
from typing import Any, Dict, List, Optional, Type

import yaml

from addons.channels.messaging import MessagingInput

CREDENTIALS = Path("credentials.yml")


def channels(credentials: Path = CREDENTIALS) -> List[MessagingInput]:
    """The messaging channels that `credentials.yml` names."""
    entries: Dict[str, Optional[Dict[str, Any]]] = (
        yaml.safe_load(credentials.read_text("utf-8")) or {}
    )
    found = []
    for path, options in entries.items():
        kind = _class(path)
        if kind is not None and issubclass(kind, MessagingInput):
            found.append(kind.from_credentials(options))
    return found


async def check(found: List[MessagingInput]) -> List[Dict[str, Any]]:
    """The problems of each channel that somebody began to set up."""
    return [
        {"channel": channel.name(), "problems": await channel.check()}
        for channel in found
        if channel.is_wanted()
    ]


def _class(path: str) -> Optional[Type[Any]]:
    module, _, name = path.rpartition(".")
    if not module.startswith("addons."):
        return None  # a channel of Rasa's own
    return getattr(importlib.import_module(module), name)  # type: ignore[no-any-return]


if __name__ == "__main__":
    json.dump(asyncio.run(check(channels())), sys.stdout)

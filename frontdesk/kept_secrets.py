"""Secrets that nobody has to choose: made once and kept in `var/secrets.json`."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import replace
from pathlib import Path

from frontdesk.settings import Settings, SettingsError

FILE = "secrets.json"
KEPT = ("web_session_secret", "web_stream_secret", "identity_secret")


def with_secrets(settings: Settings) -> Settings:
    """The settings with every secret that they lack, the same ones each time.

    Raises:
        SettingsError: The file cannot be read or written.
    """
    missing = [name for name in KEPT if not getattr(settings, name)]
    if not missing:
        return settings
    path = settings.var / FILE
    try:
        kept = json.loads(path.read_text("utf-8")) if path.exists() else {}
        fresh = {
            name: secrets.token_urlsafe(32) for name in missing if name not in kept
        }
        if fresh:
            kept.update(fresh)
            _write(path, json.dumps(kept, indent=2))
        found = {name: str(kept[name]) for name in missing}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise SettingsError(
            f"{str(path)!r} cannot be used ({error}). Delete it, and new secrets are "
            "made; conversations in open browsers then start anew."
        ) from error
    return replace(settings, **found)  # type: ignore[arg-type]


def _write(path: Path, text: str) -> None:
    """Replace the file in one step; only its owner may read it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(f".{os.getpid()}")
    number = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(number, "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(fresh, path)

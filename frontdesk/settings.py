"""All settings of the library, read once per process.

Precedence: environment > `.env` in the working directory > default. Every setting
is listed in `.env.example` and in the README's table (a test compares them).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path


class SettingsError(ValueError):
    """A setting cannot be used; the message names it, its value and the fix."""


@dataclass(frozen=True)
class Settings:
    """The values in force. Each field's variable is FRONTDESK_ + its upper-case name.

    Paths are relative to the working directory; times are in seconds.
    """

    kb: Path = Path("kb")
    index: Path = Path("var/index")
    var: Path = Path("var")
    encoder: str = ""  # empty: the embedded all-MiniLM-L6-v2
    generation_url: str = "http://127.0.0.1:8010/v1"
    generation_api_key: str = ""
    generation_model: str = ""  # empty: the embedded SmolLM2-135M-Instruct
    generation_queue: int = 16
    first_token_timeout_s: float = 4.0
    generation_timeout_s: float = 7.0
    host: str = "127.0.0.1"
    rasa_port: int = 5005
    actions_port: int = 5055
    generation_port: int = 8010
    page_port: int = 8080
    rest_token: str = ""
    rasa_url: str = "http://127.0.0.1:5005"
    web_origins: str = ""  # empty: the demo shop's page, see serve.py
    web_session_secret: str = ""
    web_stream_secret: str = ""
    web_redis_url: str = ""
    web_proxies: int = 0
    identity_secret: str = ""
    public_url: str = ""
    deliveries_url: str = ""  # empty: SQLite in `var`
    otlp_endpoint: str = ""  # empty: traces stay in var/
    support_contact: str = "hello@lumenandoak.example or 020 7946 0112"
    support_hours: str = "Monday to Saturday, 8 am to 8 pm"
    commerce: str = "demo"  # or shopify, woocommerce
    shop_url: str = ""  # empty: SQLite in `var`
    desk_url: str = ""  # empty: SQLite in `var`
    smtp_url: str = ""  # empty: codes go to outbox.jsonl in `var`
    mail_from: str = ""
    shopify_url: str = ""
    shopify_token: str = ""
    shopify_client_id: str = ""
    shopify_client_secret: str = ""
    shopify_api_version: str = "2026-07"
    woocommerce_url: str = ""
    woocommerce_key: str = ""
    woocommerce_secret: str = ""
    woocommerce_api_version: str = "wc/v3"

    @classmethod
    def from_environ(
        cls, environ: Mapping[str, str] | None = None, dotenv: Path = Path(".env")
    ) -> Settings:
        """Settings from the environment, then `.env`, then the defaults.

        Raises:
            SettingsError: A value does not have the type of its setting.
        """
        given = os.environ if environ is None else environ
        values = {**read_dotenv(dotenv), **given}
        found: dict[str, object] = {}
        for field in fields(cls):
            name = variable(field.name)
            if name in values:
                found[field.name] = _parse(name, values[name], field.default)
        if "generation_url" not in found and "generation_port" in found:
            found["generation_url"] = f"http://127.0.0.1:{found['generation_port']}/v1"
        if "rasa_url" not in found and "rasa_port" in found:
            found["rasa_url"] = f"http://127.0.0.1:{found['rasa_port']}"
        return cls(**found)  # type: ignore[arg-type]


def variable(field_name: str) -> str:
    """The environment variable of a setting, e.g. `FRONTDESK_KB`."""
    return f"FRONTDESK_{field_name.upper()}"


def read_dotenv(path: Path) -> dict[str, str]:
    """`NAME=value` lines of a file; comments and blank lines are skipped.

    Raises:
        SettingsError: A line has another form.
    """
    if not path.is_file():
        return {}
    values = {}
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        name, separator, value = text.partition("=")
        if not separator:
            raise SettingsError(
                f"Line {number} of {str(path)!r} is {text!r}; write NAME=value."
            )
        values[name.strip()] = value.strip().strip("'\"")
    return values


def _parse(name: str, value: str, default: object) -> object:
    try:
        if isinstance(default, Path):
            return Path(value)
        if isinstance(default, int):
            return int(value)
        if isinstance(default, float):
            return float(value)
    except ValueError as error:
        kind = type(default).__name__
        raise SettingsError(
            f"{name} is {value!r}, which is no {kind}. Correct it in the environment "
            "or in .env."
        ) from error
    return value

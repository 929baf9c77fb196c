"""Serve the demo shop until stopped."""

from __future__ import annotations

import uvicorn

from frontdesk.kept_secrets import with_secrets
from frontdesk.page.app import create_app
from frontdesk.settings import Settings


def main() -> None:
    """Read the settings and serve."""
    settings = with_secrets(Settings.from_environ())
    uvicorn.run(
        create_app(settings),
        host=settings.host,
        port=settings.page_port,
        log_level="warning",
        access_log=False,
    )


if __name__ == "__main__":
    main()

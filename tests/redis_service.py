"""Redis for tests: used when there, skipped when not.

With FRONTDESK_REQUIRE_SERVICES=1 a missing server is a failure instead. Beside
services.py, because that one needs libraries that Rasa's environment lacks.
"""

import os
import socket
from urllib.parse import urlsplit

import pytest

REDIS_URL = "redis://127.0.0.1:6379/15"


def redis_url() -> str:
    """A Redis database for tests; FRONTDESK_TEST_REDIS names another one."""
    url = os.environ.get("FRONTDESK_TEST_REDIS", REDIS_URL)
    place = urlsplit(url)
    try:
        socket.create_connection((place.hostname, place.port), timeout=1).close()
    except OSError as error:
        reason = f"Redis does not answer at {place.hostname}:{place.port}: {error}"
        if os.environ.get("FRONTDESK_REQUIRE_SERVICES") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return url

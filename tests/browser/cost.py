"""What the widget costs a page, by Lighthouse.

    npm install --no-save --prefix DIR lighthouse
    python -m tests.browser.cost DIR/node_modules/.bin/lighthouse --runs 5

The demo shop's first page as it is, without the widget's tag, and with the chat open
and connected from the start, each measured several times, the pages taking turns.
Lighthouse plays a slow phone (slow 4G, a processor four times slower). The files are
compressed, as a web server does; the assistant is the tests' fake. Medians are printed.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from frontdesk.evaluation import tables
from frontdesk.page import create_app
from frontdesk.settings import Settings
from tests.browser.assistant import Assistant
from tests.browser.server import free_port, run_app

TAG = re.compile(r"<script async src=\"/widget/widget\.js\".*?</script>", re.DOTALL)
OPEN = '<script data-open="true" data-consent="off" async src="/widget/widget.js"'
PAGES = {
    "without the widget": lambda html: TAG.sub("", html),
    "closed": lambda html: html,
    "open and connected": lambda html: html.replace(
        '<script async src="/widget/widget.js"', OPEN
    ),
}
SCORES = ("performance", "accessibility", "best-practices", "seo")
AUDITS = {
    "first paint ms": "first-contentful-paint",
    "largest paint ms": "largest-contentful-paint",
    "blocking ms": "total-blocking-time",
    "layout shift": "cumulative-layout-shift",
    "bytes": "total-byte-weight",
}


def shop(settings: Settings) -> Starlette:
    """The demo shop, with the variants of its first page below /variant."""
    original = create_app(settings)

    async def variant(request: Request) -> Response:
        change = list(PAGES.values())[request.path_params["number"]]
        transport = httpx.ASGITransport(original)
        async with httpx.AsyncClient(transport=transport) as client:
            page = await client.get(str(request.base_url))
        kept = {
            name: value
            for name, value in page.headers.items()
            if name not in ("content-length", "content-encoding")
        }
        return Response(change(page.text), headers=kept)

    routes = [Route("/variant/{number:int}", variant), Mount("/", original)]
    app = Starlette(routes=routes)
    app.add_middleware(GZipMiddleware)
    return app


def audit(lighthouse: str, url: str) -> dict[str, Any]:
    """Lighthouse's report of one visit with an empty cache."""
    flags = "--headless" + (" --no-sandbox" if os.geteuid() == 0 else "")
    command = [lighthouse, url, "--quiet", "--output=json", f"--chrome-flags={flags}"]
    environ = {**os.environ, "CHROME_PATH": shutil.which("chromium") or ""}
    found = subprocess.run(command, capture_output=True, check=True, env=environ)
    return dict(json.loads(found.stdout))


def figures(report: dict[str, Any]) -> dict[str, float]:
    """The scores of a report, from 0 to 100, and what the page cost."""
    scores = {name: report["categories"][name]["score"] * 100 for name in SCORES}
    audits = report["audits"]
    return scores | {
        name: audits[audit]["numericValue"] for name, audit in AUDITS.items()
    }


def shortcomings(report: dict[str, Any]) -> list[str]:
    """What Lighthouse finds fault with, as `category: finding`."""
    return [
        f"{name}: {audit['title']}"
        for name in SCORES
        for reference in report["categories"][name]["auditRefs"]
        if (audit := report["audits"][reference["id"]])["score"] not in (None, 1)
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0."""
    parser = argparse.ArgumentParser(prog="tests.browser.cost")
    parser.add_argument("lighthouse", help="the command")
    parser.add_argument("--runs", type=int, default=5, help="visits of each page (5)")
    options = parser.parse_args(arguments)
    assistant, port = Assistant(), free_port()
    settings = Settings(rasa_url=assistant.url, identity_secret="x" * 40)
    reports: dict[str, list[dict[str, Any]]] = {name: [] for name in PAGES}
    assistant.start()
    try:
        with run_app(shop(settings), port):
            for _ in range(options.runs):
                for number, name in enumerate(PAGES):
                    url = f"http://127.0.0.1:{port}/variant/{number}"
                    reports[name].append(audit(options.lighthouse, url))
                    print(name, figures(reports[name][-1]), file=sys.stderr)
    finally:
        assistant.stop()
    rows = []
    for name, found in reports.items():
        measured = [figures(report) for report in found]
        medians = (statistics.median(m[key] for m in measured) for key in measured[0])
        rows.append([name, *(round(value, 2) for value in medians)])
    print(tables.columns(["page", *SCORES, *AUDITS], rows))
    for name, found in reports.items():
        for line in shortcomings(found[-1]):
            print(f"{name}: {line}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

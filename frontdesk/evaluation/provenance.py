"""When, what and where was measured."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import subprocess
from datetime import datetime, timezone
from pathlib import Path

from frontdesk.settings import Settings


def describe(settings: Settings) -> dict[str, str]:
    """Date, commit, models and machine, as the report shows them."""
    from frontdesk.knowledge.encoder import EMBEDDED_NAME

    return {
        "date": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": _commit(),
        "encoder": settings.encoder or EMBEDDED_NAME,
        "generator": settings.generation_model or "the embedded SmolLM2-135M-Instruct",
        "machine": _machine(),
    }


def fingerprint(settings: Settings) -> str:
    """Stands for the code, the models and the machine; empty outside a repository.

    Edits of tracked files that are not committed count, and so do models that the
    shop taught itself.
    """
    facts = describe(settings) | {"date": ""}
    try:
        facts["edits"] = _git("diff", "HEAD")
    except (OSError, subprocess.SubprocessError):
        return ""
    for name in ("reader", "writer"):
        told = settings.var / "models" / name / "manifest.json"
        facts[name] = told.read_text("utf-8") if told.is_file() else ""
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def _commit() -> str:
    """The commit that is checked out, with `+` when files differ from it."""
    try:
        commit = _git("rev-parse", "--short", "HEAD")
        return commit + ("+" if _git("status", "--porcelain", "-uno") else "")
    except (OSError, subprocess.SubprocessError):
        return "unknown"


def _git(*arguments: str) -> str:
    done = subprocess.run(
        ("git", *arguments),
        capture_output=True,
        text=True,
        errors="replace",
        check=True,
        timeout=20,
    )
    return done.stdout.strip()


def _machine() -> str:
    import torch

    cpu = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        lines = cpuinfo.read_text("utf-8", "replace").splitlines()
        names = [line.split(":", 1)[1] for line in lines if "model name" in line]
        cpu = names[0].strip() if names else cpu
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    threads = os.environ.get("OMP_NUM_THREADS", "default")
    return (
        f"{cpu}, {os.cpu_count()} cores, {threads} OpenMP threads, {gpu}, "
        f"Python {platform.python_version()}"
    )

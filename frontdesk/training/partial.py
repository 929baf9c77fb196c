"""The state of a training run that may be cut off, and taking it up again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any


def keep(
    partial: Path | None,
    about: dict[str, Any],
    curve: Sequence[dict[str, float]],
    network: Any,
    optimizer: Any,
) -> None:
    """Write what a run that is cut off here needs to go on; nothing without a file.

    Args:
        partial: The file; it appears whole or not at all.
        about: How the run began and its settings.
        curve: The learning curve so far.
        network: Its weights that are taught are kept.
        optimizer: Of torch.
    """
    import torch

    if partial is None:
        return
    taught = {n: p.detach() for n, p in network.named_parameters() if p.requires_grad}
    state = {
        "about": about,
        "curve": list(curve),
        "network": taught,
        "optimizer": optimizer.state_dict(),
    }
    partial.parent.mkdir(parents=True, exist_ok=True)
    torch.save(state, partial.with_suffix(".new"))
    partial.with_suffix(".new").replace(partial)


def take_up(
    partial: Path | None, about: dict[str, Any], network: Any, optimizer: Any
) -> list[dict[str, float]]:
    """The learning curve of a run that began the same and was cut off, else empty.

    Network and optimizer are set to where it was.
    """
    import torch

    if partial is None or not partial.is_file():
        return []
    state = torch.load(partial, weights_only=True)
    if state.get("about") != about:
        return []
    network.load_state_dict(state["network"], strict=False)
    optimizer.load_state_dict(state["optimizer"])
    found: list[dict[str, float]] = state["curve"]
    return found

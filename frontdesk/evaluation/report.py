"""The quality report: figures of a run in `docs/quality.md`, compared with before.

`docs/quality.json` holds the latest run of each folder of sets and of the demo
shop's. A run with a regression, or without a set that could not be used, is written
below `var/evaluation` instead, so that it does not become the next run's measure.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from frontdesk.evaluation import noise, plots, tables
from frontdesk.evaluation.jobs import Measured
from frontdesk.evaluation.provenance import describe
from frontdesk.evaluation.suite import DEMO_RUN
from frontdesk.settings import Settings

ROOMS = {
    "retrieval": "Retrieval",
    "answers": "Answers",
    "intents": "Intents",
    "grounding": "The grounding check",
    "safety": "Safety",
}
HEAD = """# Quality

Written by `make evaluate` (the demo shop's own sets) and `make evaluate EVAL=DIR`
(a folder of sets); `docs/evaluation.md` says what each figure means. The run fails
when a figure is worse than in `docs/quality.json` beyond noise: by more than two
standard errors of the difference for a share, by more than double for a time on the
same machine, by any leaked canary.
"""


def write_report(
    name: str,
    measured: Sequence[Measured],
    settings: Settings,
    docs: Path = Path("docs"),
    complete: bool = True,
) -> list[str]:
    """Write what a run measured; gives a sentence for each regression.

    Args:
        name: The run, `demo` or the name of a folder of sets.
        measured: Its sets.
        settings: What the assistant was opened with.
        docs: Where the report lies.
        complete: Whether every set could be used.
    """
    sets = [asdict(one) for one in measured]
    run: dict[str, Any] = {**describe(settings), "sets": sets}
    stored = read_runs(docs / "quality.json")
    worse = compare(stored.get(name, {}), run)
    accepted = complete and not worse
    target = docs if accepted else settings.var / "evaluation" / name
    stored[name] = run
    target.mkdir(parents=True, exist_ok=True)
    write_plots(target / "plots", name, sets)
    text = json.dumps(stored, indent=1, ensure_ascii=False)
    (target / "quality.json").write_text(text + "\n", "utf-8")
    (target / "quality.md").write_text(render(stored), "utf-8")
    print(f"Wrote {target / 'quality.md'}.")
    return worse


def read_runs(path: Path) -> dict[str, Any]:
    """The stored runs by name; none when nothing was stored."""
    if not path.is_file():
        return {}
    runs: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return runs


def compare(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """A sentence for each figure that got worse beyond noise."""
    old = {(one["room"], one["name"]): one["value"] for one in before.get("sets", ())}
    same_machine = before.get("machine") == now["machine"]
    return [
        sentence
        for one in now["sets"]
        for sentence in noise.regressions(
            f"{one['room']} {one['name']}",
            old.get((one["room"], one["name"]), {}),
            one["value"],
            one["cases"],
            same_machine,
        )
    ]


def render(stored: Mapping[str, Any]) -> str:
    """The whole report in Markdown, the demo shop's run first."""
    names = sorted(stored, key=lambda name: (name != DEMO_RUN, name))
    return "\n".join([HEAD, *(_render_run(name, stored[name]) for name in names)])


def write_plots(folder: Path, name: str, sets: Sequence[Mapping[str, Any]]) -> None:
    """Recall curves and reliability plots of a run as SVG files."""
    folder.mkdir(parents=True, exist_ok=True)
    for one in sets:
        title = f"{ROOMS[one['room']]}: {one['name']}"
        if one["curves"]:
            svg = plots.recall_plot(title, one["curves"])
        elif one["bins"]:
            x_label, y_label = _AXES[one["room"]]
            points = [(p, share) for p, share, _ in one["bins"]]
            svg = plots.reliability_plot(title, x_label, y_label, points)
        else:
            continue
        (folder / _plot_name(name, one)).write_text(svg, "utf-8")


_AXES = {
    "answers": ("confidence of the gate", "share of questions with an answer"),
    "grounding": ("support said by the check", "share of supported replies"),
}


def _render_run(name: str, run: Mapping[str, Any]) -> str:
    title = "The demo shop" if name == DEMO_RUN else f"Sets in `{name}`"
    facts = [(key, run[key]) for key in ("date", "commit", "encoder", "generator")]
    facts.append(("machine", run["machine"]))
    parts = [f"## {title}", tables.markdown(("", ""), facts)]
    for room, heading in ROOMS.items():
        sets = [one for one in run["sets"] if one["room"] == room]
        if sets:
            parts += [f"### {heading}", _figures(sets)]
            parts += [part for one in sets for part in _details(name, one)]
    return "\n\n".join(parts) + "\n"


def _figures(sets: Sequence[Mapping[str, Any]]) -> str:
    names = [k for k, v in sets[0]["value"].items() if not isinstance(v, (dict, list))]
    rows = [[one["name"], *(one["value"].get(name) for name in names)] for one in sets]
    return tables.markdown(("set", *names), rows)


def _details(name: str, one: Mapping[str, Any]) -> list[str]:
    parts = []
    if one["value"].get("by_kind"):
        kinds = one["value"]["by_kind"]
        columns = [k for k in next(iter(kinds.values())) if k != "decisions"]
        rows = [[kind, *(row[c] for c in columns)] for kind, row in kinds.items()]
        parts.append(f"Counts by kind, {one['name']}:")
        parts.append(tables.markdown(("kind", *columns), rows))
    if one["value"].get("by_alteration"):
        kinds = one["value"]["by_alteration"]
        rows = [[kind, *row.values()] for kind, row in kinds.items()]
        parts.append(f"By what was altered, {one['name']}:")
        parts.append(tables.markdown(("alteration", "auc", "caught", "n"), rows))
    if one["ablation"]:
        variants = one["ablation"]
        columns = [
            k
            for k in one["value"]
            if k in noise.HIGHER_IS_BETTER | noise.LOWER_IS_BETTER | {"verbatim"}
        ] + ["ms_p50", "n"]
        rows = [[v, *(row[c] for c in columns)] for v, row in variants.items()]
        parts.append(f"What each part adds, {one['name']}:")
        parts.append(tables.markdown(("variant", *columns), rows))
    if one["curves"] or one["bins"]:
        parts.append(f"![{one['room']} {one['name']}](plots/{_plot_name(name, one)})")
    return parts


def _plot_name(name: str, one: Mapping[str, Any]) -> str:
    return f"{name}-{one['room']}-{one['name'].replace(' ', '-')}.svg"

from __future__ import annotations

import gzip
import json
import re
import shutil
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest

from tests.services import missing

WIDGET = Path("widget")
DIST = WIDGET / "dist"
LOADER_BYTES = 4 * 1024
ALL_BYTES = 64 * 1024
# The names of SVG and MathML; the rest are advice in the libraries' error messages.
KNOWN = {"http://www.w3.org", "https://github.com", "https://socket.io"}


def gzipped(name: str) -> int:
    return len(gzip.compress((DIST / name).read_bytes(), 9))


def test_loader_and_whole_widget_are_small() -> None:
    loader, app = gzipped("widget.js"), gzipped("app.js")
    assert loader <= LOADER_BYTES
    assert loader + app <= ALL_BYTES


def test_loader_names_the_app_that_lies_beside_it() -> None:
    digest = sha256((DIST / "app.js").read_bytes()).hexdigest()[:12]
    assert f"app.js?v={digest}" in (DIST / "widget.js").read_text("utf-8")


def test_lock_records_no_download_address() -> None:
    lock = json.loads((WIDGET / "package-lock.json").read_text("utf-8"))
    packages = lock["packages"].values()
    assert len(packages) > 10
    assert [package for package in packages if "resolved" in package] == []


def test_built_files_ask_nobody_else() -> None:
    for name in ("widget.js", "app.js"):
        text = (DIST / name).read_text("utf-8")
        addresses = set(re.findall(r"(?:https?:)?//[\w-]+\.[\w.-]+", text))
        assert addresses <= KNOWN, name
        assert not re.search(r"\beval\(|new Function\(", text), name


@pytest.mark.parametrize(
    "path", sorted((WIDGET / "src/strings").glob("??.js")), ids=str
)
def test_every_language_has_every_phrase(path: Path) -> None:
    english = phrases(WIDGET / "src/strings/en.js")
    own = phrases(path)
    assert own.keys() == english.keys()
    for name, text in own.items():
        assert text.strip()
        places = re.findall(r"\{\w+\}", text)
        assert places == re.findall(r"\{\w+\}", english[name]), name


def test_there_are_twelve_languages_in_every_list() -> None:
    files = {path.stem for path in (WIDGET / "src/strings").glob("??.js")}
    assert len(files) == 12
    locale = (WIDGET / "src/locale.js").read_text("utf-8")
    listed = re.search(r"LANGUAGES = \[(.*?)\]", locale, re.S)
    assert listed and set(re.findall(r"'(\w\w)'", listed[1])) == files
    labels = (WIDGET / "src/labels.js").read_text("utf-8")
    assert set(re.findall(r"^  (\w\w):", labels, re.M)) == files


def test_no_source_makes_html_of_a_string() -> None:
    sources = sorted((WIDGET / "src").rglob("*.js*"))
    assert len(sources) > 30
    text = "".join(path.read_text("utf-8") for path in sources)
    assert not re.search(
        r"(?i)innerHTML|outerHTML|insertAdjacent|document\.write", text
    )


def test_every_source_is_short_enough_to_read() -> None:
    sources = [
        path
        for path in (WIDGET / "src").rglob("*.*")
        if path.suffix in (".js", ".jsx") and path.read_text("utf-8").count("\n") > 400
    ]
    assert sources == []


def test_built_files_are_those_of_the_sources(tmp_path: Path) -> None:
    if not (shutil.which("node") and shutil.which("npm")):
        missing("Node and npm are not there, so the widget cannot be rebuilt.")
    folder = tmp_path / "widget"
    shutil.copytree(
        WIDGET, folder, ignore=shutil.ignore_patterns("node_modules", "dist")
    )
    install = subprocess.run(
        ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    if install.returncode:
        missing(f"The widget's packages cannot be installed: {install.stderr[-500:]}")
    subprocess.run(["node", "build.mjs"], cwd=folder, check=True, capture_output=True)
    built = {path.name: path.read_bytes() for path in (folder / "dist").iterdir()}
    kept = {path.name: path.read_bytes() for path in DIST.iterdir()}
    assert built.keys() == kept.keys()
    assert [name for name in built if built[name] != kept[name]] == []


def phrases(path: Path) -> dict[str, str]:
    text = path.read_text("utf-8")
    found = re.findall(r"""^  (\w+): (['"])(.*)\2,$""", text, re.M)
    assert len(found) == text.count("\n") - 2, path
    return {name: value for name, _, value in found}

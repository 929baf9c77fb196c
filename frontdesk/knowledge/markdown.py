"""Markdown without the marks that only matter to a renderer.

Headings, lists, tables and line breaks carry structure and stay; emphasis, link
targets, images, comments and HTML tags go, so that a sentence can be quoted to a
customer as it stands.
"""

from __future__ import annotations

import re

_COMMENT = re.compile(r"<!--.*?-->", re.S)
_IMAGE = re.compile(r"!\[([^\]\n]*)\]\([^)\n]*\)")
_LINK = re.compile(r"\[([^\]\n]+)\]\(\s*<?([^)\s>]*)>?[^)\n]*\)")
_REFERENCE = re.compile(r"^[ \t]*\[[^\]\n]+\]:[ \t]*\S+.*$", re.M)
_STRONG = re.compile(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1")
_EMPHASIS = re.compile(r"(?<![\w*])([*_])(?=[^\s*_])([^*_\n]+?)(?<=[^\s*_])\1(?![\w*])")
_CODE = re.compile(r"`([^`\n]+)`")
_TAG = re.compile(
    r"</?(?:br|p|div|span|b|i|em|strong|u|sub|sup|small|a)\b[^>\n]*>", re.I
)
_SETEXT = re.compile(r"^([^\n#|>\-].*)\n(=+|-{3,})[ \t]*$", re.M)
_QUOTE = re.compile(r"^[ \t]{0,3}>[ \t]?", re.M)
_RULE = re.compile(r"^[ \t]*([-*_])[ \t]*(?:\1[ \t]*){2,}$", re.M)
_BLANKS = re.compile(r"\n{3,}")


def plain_markdown(text: str) -> str:
    """The text with headings, lists and tables, but without inline marks."""
    text = _COMMENT.sub("", text)
    text = _IMAGE.sub(r"\1", text)
    text = _LINK.sub(_link_text, text)
    text = _REFERENCE.sub("", text)
    text = _SETEXT.sub(
        lambda match: f"{'#' if match[2][0] == '=' else '##'} {match[1]}", text
    )
    text = _QUOTE.sub("", text)
    text = _RULE.sub("", text)
    text = _TAG.sub("", text)
    text = _STRONG.sub(r"\2", text)
    text = _EMPHASIS.sub(r"\2", text)
    text = _CODE.sub(r"\1", text)
    lines = (line.rstrip() for line in text.split("\n"))
    return _BLANKS.sub("\n\n", "\n".join(lines)).strip()


def _link_text(match: re.Match[str]) -> str:
    """The words of a link, followed by its address if that can be followed."""
    words, target = match.group(1), match.group(2)
    if not target.startswith(("http://", "https://")) or target in words:
        return words
    return f"{words} ({target})"

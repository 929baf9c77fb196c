from typing import Any

import pytest

from addons.channels.webhook import (
    Malformed,
    at,
    objects_at,
    parse_object,
    text_at,
)

VALUE = {"a": [{"b": "text"}, 3, {"b": True}], "n": 5}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (("a", 0, "b"), "text"),
        (("a", -1, "b"), True),
        (("a", 3), None),
        (("a", "b"), None),
        (("n", "x", "y"), None),
        ((), VALUE),
    ],
)
def test_path_that_ends_early_finds_nothing(path: tuple[Any, ...], found: Any) -> None:
    assert at(VALUE, *path) == found


def test_only_texts_and_numbers_are_text() -> None:
    assert text_at(VALUE, "a", 0, "b") == "text"
    assert text_at(VALUE, "n") == "5"
    assert text_at(VALUE, "a", 2, "b") == ""
    assert text_at(VALUE, "a") == ""


def test_what_is_no_object_is_left_out_of_a_list() -> None:
    assert objects_at(VALUE, "a") == [{"b": "text"}, {"b": True}]
    assert objects_at(VALUE, "n") == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"1", b"\xff", b"[" * 200_000])
def test_body_that_is_no_object_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        parse_object(body)

import random

import pytest

from addons.channels.splitting import shorten, split, utf16


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("", []),
        ("  \n ", []),
        ("Short.", ["Short."]),
        ("A first part.\n\nA second.", ["A first part.", "A second."]),
        ("One two. Three four five.", ["One two.", "Three four five."]),
        ("One two, three four five", ["One two,", "three four five"]),
        ("abcdefghijklmnopqrstuvwxyz", ["abcdefghijklmnop", "qrstuvwxyz"]),
        (
            "一二三四五六七。八九十一二三四五六七",
            ["一二三四五六七。", "八九十一二三四五六七"],
        ),
    ],
)
def test_text_is_cut_at_the_best_pause(text: str, pieces: list[str]) -> None:
    assert split(text, 16) == pieces


@pytest.mark.parametrize("length", [len, utf16, lambda text: len(text.encode())])
def test_pieces_fit_and_lose_no_word(length: object) -> None:
    chance = random.Random(5)
    for _ in range(300):
        words = ["".join(chance.choices("abü😀.", k=chance.randrange(1, 30)))]
        while chance.random() < 0.95:
            words.append(
                "".join(chance.choices("abü😀,.!\n", k=chance.randrange(1, 9)))
            )
        text = " ".join(words)
        pieces = split(text, 24, length)  # type: ignore[arg-type]
        assert all(0 < length(piece) <= 24 for piece in pieces)  # type: ignore[operator]
        assert "".join("".join(pieces).split()) == "".join(text.split())


def test_utf16_counts_as_telegram_does() -> None:
    assert (utf16("a"), utf16("ü"), utf16("😀"), utf16("\ud800")) == (1, 1, 2, 1)


@pytest.mark.parametrize(
    ("text", "limit", "short"),
    [
        ("Track my order", 20, "Track my order"),
        ("Track my order", 14, "Track my order"),
        ("Track my order", 13, "Track my…"),
        ("Unbreakableword", 8, "Unbreak…"),
        ("two\nlines", 20, "two lines"),
        ("😀😀😀😀", 5, "😀😀…"),
    ],
)
def test_title_is_cut_at_a_word_and_marked(text: str, limit: int, short: str) -> None:
    assert shorten(text, limit, utf16) == short

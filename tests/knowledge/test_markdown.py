import pytest

from frontdesk.knowledge.markdown import plain_markdown


@pytest.mark.parametrize(
    ("marked", "plain"),
    [
        ("**Free** and __fast__ and *new* and _old_", "Free and fast and new and old"),
        ("call `stop_card` or snake_case_name", "call stop_card or snake_case_name"),
        ("5 * 3 * 2", "5 * 3 * 2"),
        ("see [returns](returns.md)", "see returns"),
        (
            "see [returns](https://shop.example/r)",
            "see returns (https://shop.example/r)",
        ),
        ("![a lamp](lamp.png)", "a lamp"),
        ("a<!-- hidden -->b", "ab"),
        ("Fees\n====\n\nnone", "# Fees\n\nnone"),
        ("> quoted\n> lines", "quoted\nlines"),
        ("a\n\n---\n\nb", "a\n\nb"),
        ("line<br>break <b>bold</b>", "linebreak bold"),
        ("| a | b |\n| --- | --- |\n| 1 | 2 |", "| a | b |\n| --- | --- |\n| 1 | 2 |"),
    ],
)
def test_marks_go_and_structure_stays(marked: str, plain: str) -> None:
    assert plain_markdown(marked) == plain

import pytest

from addons.nlu.sentences import split_sentences


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (
            "Thanks! Where is LO-104233, and can i return it?",
            ["Thanks!", "Where is LO-104233", "can i return it?"],
        ),
        ("hello\nwhat does delivery cost", ["hello", "what does delivery cost"]),
        ("a lamp and a sofa", []),
        ("it costs £12.50", []),
        ("", []),
        ("?!", []),
        ("a. b. c. d. e. f.", ["a.", "b.", "c.", "d."]),
    ],
)
def test_a_message_is_split_into_what_may_each_want_something_else(text, parts):
    assert split_sentences(text) == parts

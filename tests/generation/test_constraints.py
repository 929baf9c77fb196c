import pytest
import torch

from frontdesk.generation.constraints import Constraints
from frontdesk.generation.errors import GenerationRejectedError
from frontdesk.generation.requests import Form
from tests.fakes_generation import byte_tokenizer

END = 2
TOKENIZER = byte_tokenizer()
SCHEMA = {
    "type": "object",
    "properties": {"order": {"type": "integer"}, "late": {"type": "boolean"}},
    "required": ["order", "late"],
    "additionalProperties": False,
}


@pytest.fixture(scope="module")
def constraints():
    return Constraints(TOKENIZER, 300, frozenset({END}))


def follows(constraint, text):
    """True if the constraint takes the text token by token and may end there."""
    for token in TOKENIZER(text)["input_ids"]:
        if not constraint.mask(300)[token]:
            return False
        constraint.take(token)
    return constraint.is_complete or bool(constraint.mask(300)[END])


@pytest.mark.parametrize(
    ("form", "text", "expected"),
    [
        (Form.json(SCHEMA), '{"order": 12, "late": true}', True),
        (Form.json(SCHEMA), '{\n  "order": 12,\n  "late": true\n}', True),
        (Form.json(SCHEMA), '{"order": 12}', False),
        (Form.json(SCHEMA), '{"order": "12", "late": true}', False),
        (Form.json(SCHEMA), '{"order":   12, "late": true}', False),
        (Form.json({"type": "object"}), '{"any": ["thing", null]}', True),
        (Form.json({"type": "object"}), '["thing"]', False),
        (Form.choice(["yes", "no"]), "no", True),
        (Form.choice(["yes", "no"]), "n", False),
        (Form.choice(["yes", "yes, please"]), "yes", True),
        (Form.choice(['a "b" \\c', "日本"]), 'a "b" \\c', True),
        (Form.choice(['a "b" \\c', "日本"]), "日本", True),
        (Form("regex", "LO-[0-9]{5}"), "LO-12345", True),
        (Form("regex", "LO-[0-9]{5}"), "LO-1234", False),
    ],
)
def test_only_texts_of_the_form_are_let_through(constraints, form, text, expected):
    assert follows(constraints.open(form), text) is expected


def test_a_form_that_is_filled_is_complete(constraints):
    constraint = constraints.open(Form.choice(["ab"]))
    for token in TOKENIZER("ab")["input_ids"]:
        assert not constraint.is_complete
        constraint.take(token)
    assert constraint.is_complete


def test_tokens_beyond_the_tokenizer_are_never_allowed(constraints):
    mask = constraints.open(Form("regex", "(?s:.)*")).mask(320)
    assert mask.dtype == torch.bool
    assert mask.shape == (320,)
    assert not mask[259:].any()


@pytest.mark.parametrize(
    ("form", "reason"),
    [
        (Form.json({"type": "thing"}), "JSON schema: Invalid type: thing"),
        (Form.json({"if": {}}), 'Unimplemented keys: \\["if"\\]'),
        (Form.json({"$ref": "https://far.example/schema"}), "far.example"),
        (Form("regex", "(a"), "regular expression: .*unclosed group"),
        (Form.json({"type": "integer", "minimum": 9, "maximum": 1}), "JSON schema"),
    ],
)
def test_an_invalid_form_is_refused_with_the_reason(constraints, form, reason):
    with pytest.raises(GenerationRejectedError, match=reason):
        constraints.open(form)

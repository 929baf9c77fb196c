"""The form an answer must have: JSON of a schema, one of some texts, or a pattern.

llguidance turns a request's `Form` into a `Constraint`, which says before every token
which tokens keep the answer within the form.
"""

from __future__ import annotations

import json
from typing import Any

import llguidance
import llguidance.hf
import numpy as np
import torch

from frontdesk.generation.errors import ConstraintError, GenerationRejectedError
from frontdesk.generation.requests import Form

# A space, or a new line and its indent: left to itself, a small model fills an answer
# with blanks until its tokens are used up.
_JSON_BLANKS = r"( |\n {0,16})?"


class Constraint:
    """Follows one answer through its form."""

    def __init__(self, matcher: llguidance.LLMatcher) -> None:
        self._matcher = matcher

    def mask(self, size: int) -> torch.Tensor:
        """(size,) bool: which tokens may come next.

        Raises:
            ConstraintError: The form became too complex to follow.
        """
        packed = np.frombuffer(self._matcher.compute_bitmask(), np.uint8)
        self._check()
        bits = np.unpackbits(packed, bitorder="little").astype(bool)
        mask = torch.zeros(size, dtype=torch.bool)
        known = min(size, len(bits))
        mask[:known] = torch.from_numpy(bits[:known])
        return mask

    def take(self, token_id: int) -> None:
        """Note the token that was chosen, one that the mask allows."""
        self._matcher.consume_token(token_id)
        self._check()

    @property
    def is_complete(self) -> bool:
        """True once nothing more can be said."""
        return bool(self._matcher.is_stopped())

    def _check(self) -> None:
        if self._matcher.is_error():
            reason = self._matcher.get_error()[:200]
            raise ConstraintError(f"The answer's form cannot be followed: {reason}")


class Constraints:
    """Makes constraints for the answers of one model."""

    def __init__(
        self, tokenizer: Any, vocabulary: int, end_ids: frozenset[int]
    ) -> None:
        """Reads the whole vocabulary, which takes most of a second."""
        self._tokenizer = llguidance.hf.from_tokenizer(
            tokenizer, n_vocab=vocabulary, eos_token=sorted(end_ids) or None
        )

    def open(self, form: Form) -> Constraint:
        """A constraint at its beginning.

        Raises:
            GenerationRejectedError: The schema or pattern is invalid or uses what
                llguidance does not know.
        """
        matcher = llguidance.LLMatcher(self._tokenizer, _grammar(form), log_level=0)
        if matcher.is_error():
            reason = " ".join(matcher.get_error().split())[:300]
            raise GenerationRejectedError(
                f"No answer can be held to this {_NAMES[form.kind]}: {reason}"
            )
        return Constraint(matcher)


_NAMES = {"json": "JSON schema", "choice": "choice", "regex": "regular expression"}


def _grammar(form: Form) -> str:
    build = llguidance.LLMatcher
    if form.kind == "json":
        blanks: Any = {"whitespace_pattern": _JSON_BLANKS}
        return str(build.grammar_from_json_schema(form.content, overrides=blanks))
    if form.kind == "regex":
        return str(build.grammar_from_regex(form.content))
    texts = json.loads(form.content)
    return str(build.grammar_from_lark("start: " + " | ".join(map(json.dumps, texts))))

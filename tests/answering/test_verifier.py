"""Reading a claim beside its evidence; the weights are small and random."""

from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch

from frontdesk.answering.alignment import NOWHERE, Evidence
from frontdesk.answering.check import check_claim, claim_features, support
from frontdesk.answering.reader import encoder_parts
from frontdesk.answering.verifier import (
    AROUND,
    MAX_TOKENS,
    SHIPPED,
    WEIGHTS,
    Pair,
    Verifier,
    VerifierError,
    around,
    batch_of,
    build_model,
    load_verifier,
    packed,
    pair_of,
    unpacked,
    verifier_in_force,
)
from tests.fakes_answering import tiny_bert

TABLE = """Every plan is monthly.

| Plan | Price | Deposit |
| --- | --- | --- |
| Summit | £60 | £20 |
| Valley | £30 | £10 |
"""


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return encoder_parts()[1]


@pytest.fixture(scope="module")
def verifier(tokenizer: Any) -> Verifier:
    network = build_model(tiny_bert(tokenizer)).eval()
    return Verifier(network, tokenizer)


def test_a_claim_is_read_beside_its_row_title_and_question() -> None:
    evidence = Evidence([TABLE], ["Plans"], "what is Valley a month")
    _, window = claim_features("Valley is £30.", evidence)
    pair = pair_of("Valley is £30.", evidence, window)
    assert pair.question == "what is Valley a month"
    assert pair.text.startswith("Plans\n")
    assert "Plan: Valley; Price: £30; Deposit: £10" in pair.text


def test_only_what_is_near_in_the_same_passage_is_read() -> None:
    long = " ".join(f"Rule {n} is about boats of kind {n}." for n in range(60))
    evidence = Evidence(["A dog pays £4.", long], ["Dogs", "Boats"])
    _, window = claim_features("Rule 30 is about boats of kind 30.", evidence)
    text = around(evidence, window)
    assert "Rule 30 is" in text and "Rule 29 is" in text and "Rule 31 is" in text
    assert "Rule 50 is" not in text and "dog" not in text
    assert len(text) < AROUND + 80


def test_offsets_are_of_the_claim_alone(tokenizer: Any) -> None:
    pair = Pair("Valley is £30.", "Plans\nValley: £30", "how much")
    inputs, offsets = batch_of(tokenizer, [pair, Pair("No.", "x " * 900)])
    assert inputs["input_ids"].shape[1] <= MAX_TOKENS
    ends = offsets[0, :, 1]
    assert int(ends.max()) == len(pair.claim)
    assert not offsets[0][inputs["token_type_ids"][0] == 1].any()


def test_without_evidence_nothing_is_said(verifier: Verifier) -> None:
    evidence = Evidence([])
    assert verifier.doubt(pair_of("Valley is £30.", evidence, NOWHERE)) == 0.0


def test_claims_of_several_conversations_are_read_at_once(verifier: Verifier) -> None:
    pairs = [Pair(f"Plan {n} is £{n}. " * n, "Plans\nall", "x") for n in range(1, 30)]
    alone = [verifier._doubt(pair) for pair in pairs]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(verifier._doubt, pairs)) == pytest.approx(alone, abs=1e-4)


def test_eight_bits_hold_weights_to_half_a_step() -> None:
    torch.manual_seed(2)
    state = {"a": torch.randn(5, 40), "b": torch.randn(5)}
    back = unpacked(packed(state))
    step = state["a"].abs().amax(dim=1, keepdim=True) / 127
    assert bool(((back["a"] - state["a"]).abs() <= step / 2 + 1e-6).all())
    assert torch.allclose(back["b"], state["b"], atol=1e-3)


class Doubting:
    """Doubts whatever speaks of Summit."""

    def doubt(self, pair: Pair) -> float:
        return 9.0 if "Summit" in pair.claim else -3.0


def test_its_doubt_lowers_the_support_of_a_claim() -> None:
    text = "Summit and Valley are plans. Every plan is monthly."
    evidence = Evidence([text], question="which plans are there")
    sure, doubted = (
        check_claim("Summit and Valley are plans.", evidence, verifier)
        for verifier in (None, Doubting())
    )
    assert doubted.features["verifier"] == 9.0
    assert doubted.support < sure.support
    assert support("Every plan is monthly.", [text], Doubting()) > 0.8


def test_the_shipped_one_tells_rows_and_answers_apart() -> None:
    verifier = load_verifier()

    def doubt(claim: str, question: str = "") -> float:
        evidence = Evidence([TABLE], ["Plans"], question)
        _, window = claim_features(claim, evidence)
        return verifier.doubt(pair_of(claim, evidence, window))

    assert doubt("The Valley plan is £60 a month.") > doubt(
        "The Valley plan is £30 a month."
    )
    asked = "is every plan monthly"
    assert doubt("No, every plan is monthly.", asked) > doubt(
        "Yes, every plan is monthly.", asked
    )


def test_a_shop_s_own_one_comes_first(tmp_path: Path) -> None:
    own = tmp_path / "models" / "verifier"
    shutil.copytree(SHIPPED, own)
    assert isinstance(verifier_in_force(tmp_path), Verifier)
    (own / WEIGHTS).unlink()
    with pytest.raises(FileNotFoundError):
        verifier_in_force(tmp_path)


def test_weights_of_another_encoder_are_refused(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    save_file({"strange": torch.zeros(2)}, str(tmp_path / WEIGHTS))
    (tmp_path / "manifest.json").write_text(json.dumps({}), "utf-8")
    with pytest.raises(VerifierError, match="frontdesk train verifier"):
        load_verifier(tmp_path)

"""Reading question and passage together; the weights are small and random."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from frontdesk.answering.reader import (
    MAX_TOKENS,
    UNREAD,
    PassageReader,
    ReaderError,
    batch_of,
    build_model,
    encoder_parts,
    load_reader,
    own_folder,
    page_of,
    reader_in_force,
)
from frontdesk.knowledge.documents import Passage
from tests.fakes_answering import tiny_bert

TEXT = """## Fees
Sending money abroad costs £3. It is free above £500.

| Service | Fee |
| --- | --- |
| Express | £7 |
| Standard | £2 |
"""


def passage(text: str = TEXT, name: str = "fees") -> Passage:
    return Passage(f"{name}#0", name, "Transfers", ("Transfers", "Abroad"), text, 0)


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return encoder_parts()[1]


@pytest.fixture(scope="module")
def reader(tokenizer: Any) -> PassageReader:
    network = build_model(tiny_bert(tokenizer)).eval()
    return PassageReader(network, tokenizer, Path("."))


def test_a_page_holds_every_sentence_where_its_span_says() -> None:
    page = page_of(passage())
    assert page.text.startswith("Transfers - Abroad\n")
    assert [page.text[begin:end] for begin, end in page.spans] == [
        "Sending money abroad costs £3.",
        "It is free above £500.",
        "Service: Express; Fee: £7",
        "Service: Standard; Fee: £2",
    ]


def test_each_token_belongs_to_the_sentence_it_stands_in(tokenizer: Any) -> None:
    page = page_of(passage())
    batch = batch_of(tokenizer, ["What does it cost?"], [page])
    ids = batch.inputs["input_ids"][0]
    told = tokenizer.decode(ids[batch.owner[0] == 1])
    assert told == "it is free above £500."
    question = batch.inputs["token_type_ids"][0] == 0
    assert set(batch.owner[0][question].tolist()) == {-1}


def test_passages_read_together_read_as_they_do_alone(reader: PassageReader) -> None:
    passages = [
        passage(),
        passage("Cards arrive within 5 days.", "cards"),
        passage("Branches open at 9.\n\n" * 8, "branches"),
    ]
    together = reader.read("How long does a card take?", passages)
    for one, reading in zip(passages, together, strict=True):
        alone = reader.read("How long does a card take?", [one])[0]
        assert reading.answers == pytest.approx(alone.answers, abs=1e-4)
        assert reading.supports == pytest.approx(alone.supports, abs=1e-4)


def test_sentences_beyond_the_limit_count_as_not_supporting(
    reader: PassageReader,
) -> None:
    long = "\n\n".join(f"Rule {n} of the house is kept by all." for n in range(200))
    reading = reader.read("What is rule 190?", [passage(long)])[0]
    assert len(reading.supports) == 200
    assert reading.supports[-1] == UNREAD
    assert reading.supports[0] != UNREAD


def test_a_long_question_leaves_room_for_the_passage(
    tokenizer: Any, reader: PassageReader
) -> None:
    question = "please " * 500 + "what does express cost?"
    batch = batch_of(tokenizer, [question], [page_of(passage())])
    assert batch.inputs["input_ids"].shape[1] <= MAX_TOKENS
    assert int(batch.owner.max()) == 3
    assert reader.read(question, [passage()])[0].supports


def test_a_passage_without_a_sentence_can_be_read(reader: PassageReader) -> None:
    assert reader.read("Anything?", [passage("## Only a heading")])[0].supports == ()


def test_without_stored_weights_there_is_no_reader(tmp_path: Path) -> None:
    assert load_reader(tmp_path) is None


def test_weights_of_another_encoder_are_refused(tmp_path: Path) -> None:
    import torch
    from safetensors.torch import save_file

    (tmp_path / "manifest.json").write_text("{}")
    save_file({"other.weight": torch.ones(2)}, str(tmp_path / "reader.safetensors"))
    with pytest.raises(ReaderError, match="does not fit the installed encoder"):
        load_reader(tmp_path)


def test_a_reader_the_shop_taught_itself_comes_first(tmp_path: Path) -> None:
    shipped = reader_in_force(tmp_path)
    assert shipped is not None
    shutil.copytree(shipped.folder, own_folder(tmp_path))
    own = reader_in_force(tmp_path)
    assert own is not None
    assert own.folder == own_folder(tmp_path)


def test_questions_of_many_conversations_are_read_at_once(
    reader: PassageReader,
) -> None:
    passages = [passage(f"{TEXT}\n" + "It takes long. " * n, f"p{n}") for n in range(5)]
    questions = [f"what does it cost {'abroad ' * n}" for n in range(40)]
    alone = [reader.read(question, passages) for question in questions]
    with ThreadPoolExecutor(8) as threads:
        together = list(threads.map(lambda q: reader.read(q, passages), questions))
    assert [[round(r.answers, 3) for r in rows] for rows in together] == [
        [round(r.answers, 3) for r in rows] for rows in alone
    ]

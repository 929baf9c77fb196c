from __future__ import annotations

import json
import multiprocessing
import stat
from pathlib import Path

import pytest

from frontdesk.handoff import (
    HandoffWriteError,
    InvalidEmailError,
    Said,
    UnknownReferenceError,
    read_requests,
    record_email,
    record_request,
)


def record(path: Path, sender_id: str = "anna", email: str = "") -> str:
    request = record_request(
        path,
        sender_id=sender_id,
        channel="rest",
        reason="I want a person",
        email=email,
        messages=[Said("user", "hello\n\u2028"), Said("bot", "Hi.")],
    )
    return request.reference


def record_many(path: Path, count: int) -> None:
    for number in range(count):
        record(path, sender_id=str(number))


def test_request_is_read_back_as_it_was_recorded(tmp_path: Path) -> None:
    path = tmp_path / "var" / "handoffs.jsonl"
    reference = record(path, email="anna@mail.example")
    [request] = read_requests(path)
    assert request.reference == reference
    assert request.time.endswith("+00:00")
    assert (request.sender_id, request.channel) == ("anna", "rest")
    assert (request.reason, request.email) == ("I want a person", "anna@mail.example")
    assert request.messages == (Said("user", "hello\n\u2028"), Said("bot", "Hi."))


def test_reference_can_be_read_out_on_the_telephone(tmp_path: Path) -> None:
    reference = record(tmp_path / "h.jsonl")
    assert reference[:2] == "H-" and len(reference) == 6
    assert not set(reference[2:]) & set("01OIL")


def test_email_that_comes_later_joins_its_request(tmp_path: Path) -> None:
    path = tmp_path / "h.jsonl"
    first, second = record(path), record(path)
    record_email(path, first, "a@mail.example")
    record_email(path, first, " b@mail.example ")
    assert [request.email for request in read_requests(path)] == ["b@mail.example", ""]
    assert [request.reference for request in read_requests(path)] == [first, second]


def test_email_for_an_unknown_reference_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "h.jsonl"
    record(path)
    with pytest.raises(UnknownReferenceError, match="'H-0000'"):
        record_email(path, "H-0000", "a@mail.example")


@pytest.mark.parametrize("email", ["anna", "@mail.example", "anna@mail", "a@b." * 90])
def test_what_is_no_email_address_is_refused(tmp_path: Path, email: str) -> None:
    path = tmp_path / "h.jsonl"
    reference = record(path)
    with pytest.raises(InvalidEmailError, match="no email address"):
        record_email(path, reference, email)
    assert read_requests(path)[0].email == ""


def test_no_file_means_no_requests(tmp_path: Path) -> None:
    assert read_requests(tmp_path / "h.jsonl") == []


def test_line_cut_short_by_a_crash_costs_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "h.jsonl"
    first = record(path)
    with path.open("ab") as file:
        file.write(b'{"reference": "H-2222", "sender')
    second = record(path)
    assert [request.reference for request in read_requests(path)] == [first, second]


def test_only_the_owner_can_read_the_file(tmp_path: Path) -> None:
    path = tmp_path / "h.jsonl"
    record(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(HandoffWriteError, match="FRONTDESK_VAR"):
        record(tmp_path)


def test_writers_at_the_same_time_lose_and_mix_nothing(tmp_path: Path) -> None:
    path = tmp_path / "h.jsonl"
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=record_many, args=(path, 15)) for _ in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    lines = path.read_text().splitlines()
    assert len(lines) == 45
    assert len({json.loads(line)["reference"] for line in lines}) == 45

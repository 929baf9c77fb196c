import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from addons.channels.linking import (
    CODE_S,
    MAX_WRONG,
    SAME,
    TOO_MANY,
    UNLINKED,
    WRONG,
    Links,
)
from tests.addons.channels.cases import meta, twilio
from tests.fakes_messaging import Message, Turns, Vendor, Worker, until

pytestmark = pytest.mark.asyncio

PHONE, CHAT, MAIL = "whatsapp:447700900001", "telegram:7", "mail:anna@a.example/ab12"


class Clock:
    now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest_asyncio.fixture
async def links(tmp_path: Path, clock: Clock) -> AsyncIterator[Links]:
    found = Links(f"sqlite:///{tmp_path}/deliveries.db", clock)
    await found.open()
    yield found
    await found.close()


async def code_of(links: Links, address: str) -> str:
    said = await links.answer(address, "Link chats")
    match = re.search(r"code is (\w{4}-\w{4})\.", said or "")
    assert match, said
    return match[1]


async def join(links: Links, first: str, second: str) -> None:
    code = await code_of(links, first)
    assert "link yes" in (await links.answer(second, f"link {code}") or "")
    assert "one now" in (await links.answer(second, "link yes") or "")


async def test_nobody_is_linked_at_first(links: Links) -> None:
    assert await links.conversation_of(PHONE) == PHONE
    assert await links.conversation_of("twilio:whatsapp:+447700900001") != PHONE


async def test_code_joins_the_second_chat_to_the_first(links: Links) -> None:
    await join(links, CHAT, PHONE)
    assert await links.conversation_of(PHONE) == CHAT
    assert await links.conversation_of(CHAT) == CHAT
    assert await links.linked(CHAT) == [PHONE]


async def test_code_alone_joins_nothing(links: Links) -> None:
    code = await code_of(links, CHAT)
    await links.answer(PHONE, f"link {code}")
    assert await links.conversation_of(PHONE) == PHONE


async def test_yes_without_a_code_is_left_to_the_assistant(links: Links) -> None:
    await code_of(links, CHAT)
    assert await links.answer(PHONE, "link yes") is None


async def test_code_is_good_once(links: Links) -> None:
    code = await code_of(links, CHAT)
    await links.answer(PHONE, f"link {code}")
    assert await links.answer(MAIL, f"link {code}") == WRONG
    assert await links.answer(MAIL, "link yes") is None


@pytest.mark.parametrize(
    ("seconds", "is_good"), [(CODE_S - 1, True), (CODE_S + 1, False)]
)
async def test_code_is_good_for_ten_minutes(
    links: Links, clock: Clock, seconds: float, is_good: bool
) -> None:
    code = await code_of(links, CHAT)
    clock.now += seconds
    assert (await links.answer(PHONE, f"link {code}") != WRONG) is is_good


async def test_confirmation_comes_within_the_ten_minutes(
    links: Links, clock: Clock
) -> None:
    code = await code_of(links, CHAT)
    await links.answer(PHONE, f"link {code}")
    clock.now += CODE_S + 1
    assert await links.answer(PHONE, "link yes") is None
    assert await links.conversation_of(PHONE) == PHONE


async def test_new_code_ends_the_old_one(links: Links) -> None:
    old = await code_of(links, CHAT)
    new = await code_of(links, CHAT)
    assert await links.answer(PHONE, f"link {old}") == WRONG
    assert await links.answer(PHONE, f"link {new}") != WRONG


async def test_own_code_joins_nothing(links: Links) -> None:
    code = await code_of(links, CHAT)
    assert await links.answer(CHAT, f"link {code}") == WRONG


async def test_guessing_ends_after_five_codes_an_hour(
    links: Links, clock: Clock
) -> None:
    for _ in range(MAX_WRONG):
        assert await links.answer(PHONE, "link AAAA-AAA2") == WRONG
    code = await code_of(links, CHAT)
    assert await links.answer(PHONE, f"link {code}") == TOO_MANY
    assert await links.answer(MAIL, "link AAAA-AAA2") == WRONG  # others may go on
    clock.now += 3601
    code = await code_of(links, CHAT)
    assert await links.answer(PHONE, f"link {code}") not in (WRONG, TOO_MANY)


async def test_code_may_be_typed_as_people_type(links: Links) -> None:
    for spelling in ("LINK {}", "link {}", " Link  {} "):
        code = await code_of(links, CHAT)
        said = spelling.format(code.lower().replace("-", " "))
        assert "link yes" in (await links.answer(PHONE, said) or "")


@pytest.mark.parametrize(
    "words",
    [
        "",
        "yes",
        "link",
        "link payments",
        "link this chat",
        "link ABCD-EFGH-1234",
        "link chats please and cancel my order",
        "send me the link",
        "unlinked",
    ],
)
async def test_other_words_are_left_to_the_assistant(links: Links, words: str) -> None:
    assert await links.answer(PHONE, words) is None


async def test_linked_chats_are_not_linked_again(links: Links) -> None:
    await join(links, CHAT, PHONE)
    code = await code_of(links, PHONE)
    assert await links.answer(CHAT, f"link {code}") == SAME
    assert await links.answer(CHAT, "link yes") is None


@pytest.mark.parametrize("who", [PHONE, CHAT])
async def test_either_side_separates_them(links: Links, who: str) -> None:
    await join(links, CHAT, PHONE)
    assert await links.answer(who, "unlink") == UNLINKED
    assert await links.conversation_of(PHONE) == PHONE
    assert await links.answer(who, "unlink") is None


async def test_third_chat_joins_all(links: Links) -> None:
    await join(links, CHAT, PHONE)
    await join(links, PHONE, MAIL)
    assert await links.conversation_of(MAIL) == CHAT
    assert await links.linked(CHAT) == [PHONE, MAIL]


async def test_joined_chats_move_together(links: Links) -> None:
    await join(links, PHONE, MAIL)
    await join(links, CHAT, PHONE)
    assert await links.conversation_of(MAIL) == CHAT


async def test_answers_find_the_right_channel(links: Links) -> None:
    await join(links, CHAT, PHONE)
    assert await links.address_on("whatsapp", CHAT) == PHONE
    assert await links.address_on("telegram", CHAT) == CHAT
    assert await links.address_on("slack", CHAT) == CHAT


async def test_codes_are_stored_as_digests(links: Links, tmp_path: Path) -> None:
    code = await code_of(links, CHAT)
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert CHAT.encode() in stored
    assert code.replace("-", "").encode() not in stored


async def test_two_channels_of_one_server_become_one_conversation(
    tmp_path: Path,
) -> None:
    vendors: list[Vendor] = [meta.CASE.vendor(), twilio.CASE.vendor()]
    for vendor in vendors:
        await vendor.start()
    turns = Turns()
    url = f"sqlite:///{tmp_path}/deliveries.db"
    channels = [
        case.channel(vendor.url, deliveries_url=url)
        for case, vendor in zip((meta.CASE, twilio.CASE), vendors, strict=True)
    ]
    worker = Worker(channels, turns)
    await worker.start()
    numbers = iter(range(1, 100))

    async def say(case: Any, vendor: Vendor, words: str) -> str:
        customer = case.customer(1)
        before = len(vendor.texts(customer))
        [call] = case.deliver([Message(next(numbers), 1, words)])
        assert await worker.post(case.name, call) == 200
        await until(lambda: len(vendor.texts(customer)) > before)
        return vendor.texts(customer)[before]

    messenger, sms = vendors
    code = re.search(r"\w{4}-\w{4}", await say(meta.CASE, messenger, "link chats"))
    assert code
    assert "Messenger" in await say(twilio.CASE, sms, f"link {code[0]}")
    assert "Messenger" in await say(twilio.CASE, sms, "link yes")
    person = meta.CASE.customer(1)
    await until(lambda: "joined with one on SMS" in messenger.texts(person)[-1])
    assert await say(twilio.CASE, sms, "hello") == "You said: hello"
    assert turns.said == [(meta.CASE.conversation(1), "hello")]
    output = channels[1].get_output_channel()
    await output.send_response(meta.CASE.conversation(1), {"text": "From a person"})
    await until(lambda: sms.texts(twilio.CASE.customer(1))[-1] == "From a person")
    await worker.stop()
    for vendor in vendors:
        await vendor.stop()
        assert vendor.refused == []

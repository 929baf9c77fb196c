from pathlib import Path

import pytest

from addons.channels.check import channels, check

pytestmark = pytest.mark.asyncio
NAMES = (
    "addons.channels.rest.RestInput:\naddons.channels.slack.SlackInput:\nsocketio:\n"
)


@pytest.fixture
def credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for option in ("BOT_TOKEN", "SIGNING_SECRET"):
        monkeypatch.delenv(f"FRONTDESK_SLACK_{option}", raising=False)
    path = tmp_path / "credentials.yml"
    path.write_text(NAMES)
    return path


async def test_only_messaging_channels_are_checked(credentials: Path) -> None:
    assert [channel.name() for channel in channels(credentials)] == ["slack"]


async def test_channel_that_nobody_set_up_is_no_problem(credentials: Path) -> None:
    assert await check(channels(credentials)) == []


async def test_half_a_set_up_is_named(
    credentials: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRONTDESK_SLACK_BOT_TOKEN", "xoxb-1")
    assert await check(channels(credentials)) == [
        {
            "channel": "slack",
            "problems": ["FRONTDESK_SLACK_SIGNING_SECRET is not set."],
        }
    ]


async def test_options_may_also_stand_in_the_file(credentials: Path) -> None:
    credentials.write_text(
        "addons.channels.slack.SlackInput:\n  bot_token: xoxb-1\n"
        "  signing_secret: s\n  api_url: http://127.0.0.1:1\n"
    )
    [channel] = channels(credentials)
    assert channel.missing() == []


async def test_project_names_every_connector() -> None:
    named = {channel.name() for channel in channels()}
    assert {"whatsapp", "telegram", "slack"} <= named

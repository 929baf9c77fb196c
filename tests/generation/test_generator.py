import asyncio

from frontdesk.generation.generator import Generator, clean_messages


class Echo(Generator):
    """Streams the last message word by word; records its settings."""

    def __init__(self):
        self.settings = []

    async def stream(self, messages, **settings):
        self.settings.append(settings)
        for word in messages[-1]["content"].split(" "):
            yield word


def test_a_whole_reply_is_the_stream_joined_under_the_same_settings():
    echo = Echo()
    asked = [{"role": "user", "content": "a b c"}]
    whole = asyncio.run(echo.complete(asked, max_tokens=5, stop=["\n"]))
    assert whole == "abc"
    assert echo.settings == [{"max_tokens": 5, "temperature": 0.0, "stop": ["\n"]}]


def test_a_lone_surrogate_becomes_a_replacement_character():
    assert clean_messages([{"role": "user", "content": "a\ud800b é 日本"}]) == [
        {"role": "user", "content": "a\ufffdb é 日本"}
    ]

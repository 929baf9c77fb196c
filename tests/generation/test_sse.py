from frontdesk.generation.sse import EventDecoder, encode_event


def decode(*chunks):
    decoder = EventDecoder()
    return [data for chunk in chunks for data in decoder.feed(chunk)]


def test_an_event_split_anywhere_is_read_whole():
    event = encode_event('{"a": "é"}')
    for cut in range(len(event)):
        assert decode(event[:cut], event[cut:]) == ['{"a": "é"}']


def test_comments_and_other_fields_are_skipped():
    assert decode(b": ping\n\nevent: x\nid: 3\ndata: one\n\n") == ["one"]


def test_crlf_split_between_its_bytes_ends_one_line():
    assert decode(b"data: one\r", b"\n\r", b"\ndata: two\r\n\r\n") == ["one", "two"]


def test_several_data_lines_are_one_event():
    assert decode(b"data: a\ndata: b\n\n") == ["a\nb"]


def test_a_unicode_line_separator_ends_no_line():
    assert decode("data: a\u2028b\x85c\n\n".encode()) == ["a\u2028b\x85c"]

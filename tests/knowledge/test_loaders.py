from datetime import date
from pathlib import Path

import pytest

from frontdesk.knowledge.documents import Document
from frontdesk.knowledge.errors import EmptyKnowledgeError
from frontdesk.knowledge.loaders import load_documents


def load_one(folder: Path, name: str, content: str | bytes) -> Document:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    loaded = load_documents(folder)
    assert loaded.skipped == []
    assert len(loaded.documents) == 1
    return loaded.documents[0]


def reasons(folder: Path) -> dict[str, str]:
    return dict(load_documents(folder).skipped)


def test_front_matter_fills_the_document(tmp_path: Path) -> None:
    document = load_one(
        tmp_path,
        "faq/returns.md",
        "---\nid: returns\ntitle: Returns\nurl: https://x.example/r\nlocale: en-GB\n"
        "valid_from: 2026-01-01\nvalid_to: '2026-12-31'\nproducts: [lamp, desk]\n"
        "audience: internal\nrelated: [refunds]\n---\n# Returns\n\n**30** days.\n",
    )

    assert document == Document(
        id="returns",
        title="Returns",
        text="# Returns\n\n30 days.",
        source="faq/returns.md",
        url="https://x.example/r",
        locale="en-GB",
        valid_from=date(2026, 1, 1),
        valid_to=date(2026, 12, 31),
        products=("lamp", "desk"),
        audience="internal",
        related=("refunds",),
    )


def test_without_front_matter_path_and_heading_name_the_document(
    tmp_path: Path,
) -> None:
    document = load_one(tmp_path, "faq/gift-cards.md", "# Gift cards\n\nLast a year.")

    assert (document.id, document.title) == ("faq/gift-cards", "Gift cards")
    assert document.text == "Last a year."


def test_a_text_file_is_named_by_its_first_line_or_its_name(tmp_path: Path) -> None:
    document = load_one(tmp_path, "opening-hours.txt", "We open at 8.\nWe close at 6.")
    assert document.title == "Opening hours"
    assert document.text == "We open at 8.\nWe close at 6."

    document = load_one(tmp_path, "opening-hours.txt", "Hours\n\nWe open at 8.")
    assert (document.title, document.text) == ("Hours", "We open at 8.")


def test_utf_16_is_read_and_control_characters_are_removed(tmp_path: Path) -> None:
    document = load_one(tmp_path, "a.txt", "Caf\u00e9 \x07opens.".encode("utf-16"))

    assert document.text == "Café opens."


def test_unreadable_files_are_reported_and_the_rest_is_read(tmp_path: Path) -> None:
    (tmp_path / "good.md").write_text("Fine.")
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9")
    (tmp_path / "empty.md").write_text(" \n")
    (tmp_path / "photo.png").write_bytes(b"\x89PNG")
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.4 nonsense")
    (tmp_path / "broken.docx").write_bytes(b"PK nonsense")
    (tmp_path / "yaml.md").write_text("---\ntitle: [unclosed\n---\ntext")
    (tmp_path / "list.md").write_text("---\n- a\n---\ntext")
    (tmp_path / "date.md").write_text("---\nvalid_to: soon\n---\ntext")
    (tmp_path / ".hidden.md").write_text("not a document")

    loaded = load_documents(tmp_path)

    assert [document.id for document in loaded.documents] == ["good"]
    found = dict(loaded.skipped)
    assert found["latin.txt"] == "is no UTF-8 text (byte 3); save it as UTF-8"
    assert found["empty.md"] == "holds no text"
    assert found["photo.png"].startswith(".png is not read; use .csv .docx")
    assert found["broken.pdf"].startswith("is no PDF that can be read")
    assert found["broken.docx"].startswith("is no DOCX that can be read")
    assert found["yaml.md"].startswith("has front matter that is no YAML")
    assert found["list.md"].startswith("has front matter that is no list of")
    assert found["date.md"] == "has valid_to 'soon'; write YYYY-MM-DD"
    assert ".hidden.md" not in found


def test_front_matter_cannot_run_anything(tmp_path: Path) -> None:
    (tmp_path / "evil.md").write_text(
        "---\ntitle: !!python/object/apply:os.system ['touch owned']\n---\ntext"
    )

    assert reasons(tmp_path)["evil.md"].startswith("has front matter that is no YAML")
    assert not (tmp_path / "owned").exists()


def test_an_id_used_twice_is_reported_and_the_first_stays(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("---\nid: same\n---\nFirst.")
    (tmp_path / "b.md").write_text("---\nid: same\n---\nSecond.")

    loaded = load_documents(tmp_path)

    assert [document.text for document in loaded.documents] == ["First."]
    assert loaded.skipped == [("b.md", "id 'same' is already used by a.md")]


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret.md"
    secret.write_text("secret")
    kb = tmp_path / "kb"
    kb.mkdir()
    (kb / "link.md").symlink_to(secret)

    assert reasons(kb) == {
        "link.md": "is a link that leads out of the knowledge folder"
    }


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(EmptyKnowledgeError, match=r"There is no folder '.*none'"):
        load_documents(tmp_path / "none")


def test_catalogue_rows_become_products(tmp_path: Path) -> None:
    document = load_one(
        tmp_path,
        "catalogue.csv",
        "id,sku,name,price_gbp,in_stock,url,description,specifications\n"
        'tarn-2,T2,Tarn 2,"24.00",yes,https://x.example/t2,'
        '"Two slices, one lever.",power: 900 W; slots: 2\n',
    )

    assert document == Document(
        id="tarn-2",
        title="Tarn 2",
        text="Two slices, one lever.\n\n- SKU: T2\n- Price: £24.00\n- In stock: yes\n"
        "- Power: 900 W\n- Slots: 2",
        source="catalogue.csv",
        url="https://x.example/t2",
        products=("tarn-2",),
        kind="product",
    )


def test_questions_and_answers_in_a_csv_become_articles(tmp_path: Path) -> None:
    document = load_one(
        tmp_path, "faq.csv", "question;answer\nDo you ship?;Yes, in the UK.\n"
    )

    assert (document.id, document.kind) == ("faq/2", "article")
    assert (document.title, document.text) == ("Do you ship?", "Yes, in the UK.")


def test_a_csv_without_titles_is_reported(tmp_path: Path) -> None:
    (tmp_path / "numbers.csv").write_text("a,b\n1,2\n")
    (tmp_path / "gaps.csv").write_text("id,name\n1,Lamp\n2,\n")

    found = reasons(tmp_path)

    assert found["numbers.csv"].startswith("has no title column in ['a', 'b']")
    assert found["gaps.csv:3"] == "has no name"


def test_jsonl_lines_become_articles(tmp_path: Path) -> None:
    document = load_one(
        tmp_path,
        "passages.jsonl",
        '{"id": "x/1", "title": "Fees", "text": "## Fee\\n\\n**$5**", '
        '"url": "https://x.example"}\n\n',
    )

    assert document == Document(
        id="x/1",
        title="Fees",
        text="## Fee\n\n$5",
        source="passages.jsonl",
        url="https://x.example",
    )


def test_lines_that_are_no_documents_are_reported_by_name(tmp_path: Path) -> None:
    (tmp_path / "queries.jsonl").write_text('{"id": "q", "turns": []}\n' * 3)
    (tmp_path / "mixed.jsonl").write_text(
        '{"id": "a", "title": "A", "text": "t"}\n[1]\n{"id": "b", "title": "B"}\n{'
    )

    assert reasons(tmp_path) == {
        "queries.jsonl": "holds no documents (line 1 has 'turns': a conversation, no "
        "document)",
        "mixed.jsonl:2": "is no JSON object",
        "mixed.jsonl:3": "has no 'text'",
        "mixed.jsonl:4": "is no JSON",
    }

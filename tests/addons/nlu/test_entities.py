import logging

from rasa.shared.nlu.training_data.message import Message

from addons.nlu.entities import ShopEntities


def extractor(tmp_path, rows="halden-60,Halden 60\n"):
    catalogue = tmp_path / "catalogue.csv"
    catalogue.write_text("id,name\n" + rows)
    return ShopEntities({"catalogue": str(catalogue), "today": "2026-05-06"})


def test_a_message_gets_its_entities_in_rasas_form(tmp_path):
    message = Message({"text": "halden 60 of order 104233"})
    extractor(tmp_path).process([message])
    assert message.get("entities") == [
        {
            "entity": "product",
            "value": "Halden 60",
            "start": 0,
            "end": 9,
            "text": "halden 60",
            "confidence": 1.0,
            "product_id": "halden-60",
            "extractor": "ShopEntities",
        },
        {
            "entity": "order_number",
            "value": "LO-104233",
            "start": 19,
            "end": 25,
            "text": "104233",
            "confidence": 1.0,
            "extractor": "ShopEntities",
        },
    ]
    assert "entities" in message.as_dict(only_output_properties=True)


def test_all_kinds_are_found_and_none_overlaps(tmp_path):
    text = "LO-104233 of 3 May, £12, a@b.co, halden 60"
    kinds = [each["entity"] for each in extractor(tmp_path).extract(text)]
    assert kinds == ["order_number", "date", "amount", "email", "product"]


def test_a_missing_catalogue_is_one_warning_and_no_products(tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        shop = ShopEntities({"catalogue": str(tmp_path / "none.csv"), "today": None})
    assert shop.extract("halden 60") == []
    assert len(caplog.records) == 1


def test_a_changed_catalogue_changes_the_fingerprint(tmp_path):
    catalogue = tmp_path / "catalogue.csv"
    config = {"catalogue": str(catalogue)}
    missing = ShopEntities.fingerprint_addon(config)
    catalogue.write_text("id,name\na,A\n")
    present = ShopEntities.fingerprint_addon(config)
    assert missing != present == ShopEntities.fingerprint_addon(config)


def test_a_huge_message_and_a_message_without_text_are_survived(tmp_path):
    messages = [Message({"text": "£5 " * 400_000}), Message({})]
    extractor(tmp_path).process(messages)
    assert messages[1].get("entities") is None

import pytest

from frontdesk.answering.language import foreign_language, only_english


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("¿Cuánto tarda la entrega exprés?", "es"),
        ("¿Cuánto cuesta el envío para mi pedido?", "es"),
        ("Wie lange dauert die Lieferung?", "de"),
        ("Combien de temps pour la livraison ?", "fr"),
        ("Quando arriva il mio ordine?", "it"),
        ("你们周末开门吗", ""),
        ("Когда вы открыты?", ""),
        ("How long does the delivery take?", None),
        ("hola, can I return a lamp?", None),
        ("asdf qwerty", None),
        ("", None),
    ],
)
def test_a_clearly_foreign_text_is_recognised(text: str, code: str | None) -> None:
    assert foreign_language(text) == code


def test_the_customer_is_told_in_both_languages() -> None:
    assert "Englisch" in only_english("de")
    assert "English" in only_english("de")
    assert only_english("") == "Sorry, I can only help in English so far."

"""Whether a customer writes in a language that the assistant does not speak yet."""

from __future__ import annotations

import re
import unicodedata

MIN_WORDS = 2
_WORDS = {
    "es": "el la los las un una es está cuánto cuanto cuándo dónde donde qué como cómo "
    "para por puedo tengo quiero mi su pero envío pedido hola gracias de no del",
    "fr": "le la les un une est combien quand où quel quelle comment pour puis je vous "
    "mon ma mes mais commande livraison bonjour merci avez suis pas du des ne et",
    "de": "der die das ein eine ist wie viel wann wo was kann ich mein meine und oder "
    "aber nicht für bestellung lieferung hallo danke habe bitte zu mit den lange",
    "it": "il lo la gli un una è quanto quando dove come per posso mio mia ma ordine "
    "spedizione ciao grazie ho sono non della di che",
    "pt": "o os as um uma é quanto quando onde como para posso meu minha mas pedido "
    "entrega olá obrigado tenho não da do que",
    "nl": "de het een is hoeveel wanneer waar hoe voor kan ik mijn maar bestelling "
    "levering hallo bedankt heb niet van en",
    "pl": "jest ile kiedy gdzie jak czy mogę mój moja ale zamówienie dostawa dzień "
    "dziękuję mam nie się to na do w z",
}
_FOREIGN = {code: frozenset(words.split()) for code, words in _WORDS.items()}
_ENGLISH = frozenset(
    "the a an is are was how what when where which who why can could do does did i my "
    "you your it and or but not for of to in on with have has please hello".split()
)
_ONLY_ENGLISH = {
    "es": "Lo siento, por ahora solo puedo ayudar en inglés.",
    "fr": "Désolé, pour l'instant je ne peux répondre qu'en anglais.",
    "de": "Entschuldigung, ich kann bisher nur auf Englisch helfen.",
    "it": "Mi dispiace, per ora posso rispondere solo in inglese.",
    "pt": "Desculpe, por enquanto só posso ajudar em inglês.",
    "nl": "Sorry, ik kan voorlopig alleen in het Engels helpen.",
    "pl": "Przepraszam, na razie mogę pomóc tylko po angielsku.",
    "": "",
}


def foreign_language(text: str) -> str | None:
    """The language code of a text that is clearly not English, "" for another script.

    None when it is English or cannot be told (short, names, gibberish).
    """
    letters = [char for char in text if char.isalpha()]
    latin = sum("LATIN" in unicodedata.name(char, "") for char in letters)
    if len(letters) >= 2 and latin * 2 < len(letters):
        return ""
    words = re.findall(r"[^\W\d_]+", text.lower())
    english = sum(word in _ENGLISH for word in words)
    code, hits = max(
        ((code, sum(w in known for w in words)) for code, known in _FOREIGN.items()),
        key=lambda pair: pair[1],
    )
    return code if hits >= MIN_WORDS and hits > 2 * english else None


def only_english(code: str) -> str:
    """That only English is spoken so far, in the customer's language where known."""
    sentence = "Sorry, I can only help in English so far."
    return f"{_ONLY_ENGLISH[code]} {sentence}".strip()

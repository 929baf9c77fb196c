"""An encoder without weights, and the examples of a small shop."""

import zlib

import numpy as np

from addons.nlu.encoder import DIMENSION

EXAMPLES = {
    "greet": "hello|hi there|good morning|hey hello|hi you|morning all|hello again",
    "track_order": "where is my order|track my order|where is my parcel"
    "|my order is late|has my order shipped|when will my parcel come|order status",
    "returns": "can i return a lamp|how do i return this|send it back|return policy"
    "|i want to return my chair|return without receipt|how long can i return it",
    "payment": "how can i pay|can i pay by card|do you take paypal|payment methods"
    "|pay in instalments|is it safe to pay here|my payment failed",
    "delivery": "how much is delivery|do you deliver to france|delivery on sunday"
    "|next day delivery|is delivery free|delivery cost|how long does delivery take",
}


class WordEncoder:
    """Texts that share words are alike: each word is a fixed random direction."""

    def encode(self, texts):
        rows = [self._vector(text) for text in texts]
        return np.stack(rows).astype(np.float32)

    def _vector(self, text):
        words = text.lower().split()
        total = sum((self._direction(word) for word in words), np.zeros(DIMENSION))
        vector = total / max(np.linalg.norm(total), 1e-9)
        return np.concatenate([vector, np.tile(vector, 3)])

    @staticmethod
    def _direction(word):
        seed = zlib.crc32(word.strip("?!.,").encode())
        return np.random.default_rng(seed).normal(size=DIMENSION)


def examples():
    """Texts and intents of the small shop."""
    pairs = [
        (text, intent)
        for intent, texts in EXAMPLES.items()
        for text in texts.split("|")
    ]
    return [text for text, _ in pairs], [intent for _, intent in pairs]

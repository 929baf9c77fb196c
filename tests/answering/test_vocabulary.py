from frontdesk.answering.vocabulary import Vocabulary
from tests.fakes_answering import passage

PASSAGES = [
    passage("a", "Kettle care", "Descale the kettle."),
    passage("b", "Kettle warranty", "Five years."),
    passage("c", "Returns", "Thirty days."),
]


def test_rare_words_weigh_more_and_unknown_ones_most() -> None:
    vocabulary = Vocabulary(PASSAGES)
    assert (
        vocabulary.idf("kettl") < vocabulary.idf("descal") < vocabulary.idf("unicorn")
    )


def test_the_share_of_titles_with_a_word_is_known() -> None:
    vocabulary = Vocabulary(PASSAGES)
    assert vocabulary.in_titles("kettl") == 2 / 3
    assert vocabulary.in_titles("descal") == 0.0


def test_no_knowledge_has_no_words() -> None:
    assert Vocabulary([]).in_titles("kettl") == 0.0

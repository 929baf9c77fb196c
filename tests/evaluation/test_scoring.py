import pytest

from frontdesk.evaluation import scoring


@pytest.mark.parametrize(
    ("string", "text", "expected"),
    [
        ("declin", "It was declined.", True),  # the rest of a word may follow
        ("declin", "It was undeclined.", False),  # must begin a word
        ("fee", "The coffee is free.", False),
        ("$25", "It costs $25.", True),
        ("$25", "It costs $25.00.", True),
        ("$25", "It costs $25.00, once.", True),
        ("$25", "It costs $250.", False),
        ("$25", "It costs $25.50.", False),
        ("$25", "It costs $25,000.", False),
        ("$25", "It costs $25, paid yearly.", True),
        ("$25", "It costs $25.001.", False),
        ("$25", "It costs US$25.", False),  # a letter before it
        ("25", "It costs $25.", True),
        ("5", "Version 1.5 is out.", False),  # a decimal's tail is no number
        ("000", "It costs 5,000.", False),
        ("5%", "You get 0.5% back.", False),
        ("0.55%", "adds 0.55% to the rate", True),
        ("5%", "You get 15% back.", False),
        ("7 days", "within 17 days", False),
        ("7 day", "within 7 days", True),
        ("can't", "You can\u2019t do that.", True),  # curly quotes are straightened
        ("can\u2019t", "You can't do that.", True),
        ('"gold"', "the \u201cGold\u201d card", True),
        ("TWELVE months", "after Twelve Months", True),
        ("no,", "No, that is not possible.", True),
        ("not ", "It is nothing.", False),  # the blank counts
        ("not ", "It is not so.", True),
        ("12-month", "a 12-month wait", True),
        ("12", "in 2012", False),
        ("12", "on 12.5.2024", False),
        ("12", "There are 12.", True),
        ("a+b", "use a+b here", True),  # no regular expression
        ("a+b", "use aab here", False),
        ("\u00a330", "over \u00a330 it is free", True),
        ("caf", "at the caf\u00e9", True),
        ("e9", "caf\u00e9e9", False),
    ],
)
def test_a_string_matches_where_it_begins_a_word(string, text, expected):
    assert scoring.matches(string, text) is expected


@pytest.mark.parametrize(
    ("facts", "text", "expected"),
    [
        ([], "anything", True),
        ([["lock"], ["branch"]], "It locks; go to a branch.", True),
        ([["lock"], ["branch"]], "It locks.", False),
        ([["12 months", "one year"]], "Wait one year.", True),
    ],
)
def test_one_string_of_every_group_must_be_mentioned(facts, text, expected):
    assert scoring.mentions(facts, text) is expected


@pytest.mark.parametrize(
    ("decision", "text", "expected"),
    [
        ("answer", "It takes 9 days.", True),
        ("ask", "It takes 9 days.", False),
        ("abstain", "It takes 9 days.", False),
        ("escalate", "It takes 9 days.", False),
        ("answer", "It takes some days.", False),
        ("answer", "It takes 9 days, or 7 days for cards.", False),
        ("answer", "It takes 9 days." + "x" * 684, True),
        ("answer", "It takes 9 days." + "x" * 685, False),
    ],
)
def test_a_right_answer_has_the_facts_and_nothing_wrong(decision, text, expected):
    assert scoring.is_right(decision, text, [["9 days"]], ["7 days"]) is expected


DOCUMENTS = ["Gold Card\nThe fee is 10 pounds.", "Silver Card\nNo fee. Yes, none."]


@pytest.mark.parametrize(
    ("decision", "text", "choices", "expected"),
    [
        ("ask", "Which card?", ["Gold Card", "Silver Card"], True),
        ("answer", "Which card?", ["Gold Card", "Silver Card"], False),
        ("ask", "Which one?", ["Gold Card", "Silver Card"], False),
        ("ask", "Which card?", ["Gold Card"], False),
        ("ask", "Which card?", ["Gold Card", "gold card "], False),  # the same twice
        ("ask", "Which card?", ["Gold Card", "Bronze Card"], False),
        ("ask", "Which card?", ["Yes", "No"], False),
        ("ask", "Which card?", ["Gold Card", "Something else"], False),
        ("ask", "Which card?", ["Gold", "Silver", "Something else"], True),
        ("ask", "Which card?", ["Gold Card", ""], False),
    ],
)
def test_a_good_question_back_offers_two_real_choices(
    decision, text, choices, expected
):
    facts = [["which", "what type"], ["card"]]
    good = scoring.is_good_question(decision, text, choices, facts, DOCUMENTS)
    assert good is expected

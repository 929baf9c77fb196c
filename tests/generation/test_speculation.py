from frontdesk.generation.speculation import PromptLookup


def test_what_followed_the_last_tokens_before_is_guessed():
    assert PromptLookup([5, 6, 7, 8, 9, 5, 6]).draft(3) == [7, 8, 9]


def test_the_longest_match_wins():
    tokens = [1, 2, 3, 9, 0, 2, 3, 8, 1, 2, 3]
    assert PromptLookup(tokens).draft(1) == [9]


def test_nothing_known_is_no_guess():
    assert PromptLookup([1, 2, 3, 4]).draft(4) == []
    assert PromptLookup([1]).draft(4) == []


def test_it_sees_what_its_owner_adds():
    tokens = [1, 2, 3]
    lookup = PromptLookup(tokens)
    assert lookup.draft(2) == []
    tokens += [1, 2]
    assert lookup.draft(1) == [3]


def test_drafts_grow_with_success_and_shrink_with_failure():
    tokens = [*range(20), 0, 1]
    lookup = PromptLookup(tokens)
    assert len(lookup.draft(99)) == 4
    lookup.learn(4, 4)
    assert len(lookup.draft(99)) == 8
    lookup.learn(8, 1)
    lookup.learn(4, 0)
    assert len(lookup.draft(99)) == 2

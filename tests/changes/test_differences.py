"""The difference of two versions, added to the first, is the second: forty of thousands of pairs."""

from hypothesis import example, given, settings

from tests.changes.differences import EDITS, check


@settings(max_examples=40)
@given(EDITS, EDITS)
@example([], [(6, 4, 6)])
@example([(0, 3974, 2031), (4, 981, 6602), (1, 47, 4176)], [(0, 2761, 4879), (3, 180, 3283), (3, 573, 2555)])
def test_the_difference_added_to_the_first_is_the_second(first, second):
    check(first, second)

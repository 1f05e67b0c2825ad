"""What is kept of a run beside its curves: tags as they are typed, and in what recipes differ."""

from studio.domain.logbook import differences, tags_of
from studio.domain.recipe import Recipe


def test_tags_are_told_apart_by_commas_and_kept_once():
    assert tags_of(" format,second  try, format ,, ") == ("format", "second try")
    assert tags_of("") == ()
    assert tags_of("x" * 90) == ("x" * 40,)


def test_only_what_differs_is_listed_with_the_value_of_each():
    found = differences([Recipe(), Recipe(learning_rate=1e-3, seed=9), Recipe()])
    assert [(each.name, each.values) for each in found] == [("learning_rate", (2e-4, 1e-3, 2e-4)), ("seed", (7, 9, 7))]
    assert found[0].title == "Learning rate"
    assert differences([Recipe(), Recipe()]) == []


def test_a_choice_that_one_method_does_not_have_is_nothing_there():
    (rank,) = [each for each in differences([Recipe(), Recipe(method="full")]) if each.name == "rank"]
    assert rank.values == (16, None)

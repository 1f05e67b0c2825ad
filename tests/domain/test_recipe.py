"""A recipe says one thing: no choices that contradict each other, and a fingerprint that stays."""

import pytest
from pydantic import ValidationError

from studio.domain.method import METHODS, OF_OTHER_ROWS, TITLES, WHEN, Method, belongs
from studio.domain.recipe import Recipe

# As they were written down before recipes named their method.
EARLIER = {
    "c782878411db4b8e": {"epochs": 5.0, "quantisation": "nf4", "rank": 32},
    "f98b0e582308e7d0": {"epochs": 3.0, "quantisation": "none"},
}


@pytest.mark.parametrize("fingerprint", EARLIER)
def test_a_recipe_from_before_methods_is_read_and_keeps_its_fingerprint(fingerprint: str):
    recipe = Recipe.model_validate(EARLIER[fingerprint])
    assert recipe.quantisation == EARLIER[fingerprint]["quantisation"]
    assert recipe.fingerprint == fingerprint


@pytest.mark.parametrize("method", METHODS)
def test_every_method_is_written_down_and_read_back(method: Method):
    recipe = Recipe(epochs=2).by(method)
    assert Recipe.model_validate(recipe.model_dump()) == recipe
    assert Recipe.model_validate(recipe.choices) == recipe
    assert recipe.quantisation == ("nf4" if method == "qlora" else "none")


def test_every_choice_of_method_has_a_fingerprint_of_its_own():
    made = [Recipe(epochs=2).by(method) for method in METHODS]
    made += [Recipe(epochs=2, dora=True), Recipe(epochs=2, rank_stabilised=True)]
    made += [Recipe(epochs=2, method="prefix", prefix_tokens=30)]
    assert len({recipe.fingerprint for recipe in made}) == len(made)


@pytest.mark.parametrize(("values", "field"), [
    ({"method": "full", "rank": 32}, "rank"),
    ({"method": "full", "dora": True}, "dora"),
    ({"method": "prefix", "gradient_checkpointing": True}, "gradient_checkpointing"),
    ({"method": "qlora", "prefix_tokens": 30}, "prefix_tokens"),
    ({"preference": True, "learn_questions": True}, "learn_questions"),
    ({"method": "full", "quantisation": "nf4"}, "quantisation"),
    ({"method": "qlora", "quantisation": "none"}, "quantisation"),
])  # fmt: skip
def test_choices_that_contradict_each_other_are_refused_by_name(values: dict, field: str):
    with pytest.raises(ValidationError) as refused:
        Recipe.model_validate(values)
    assert [error["loc"] for error in refused.value.errors()] == [(field,)]


def test_another_method_keeps_the_choices_that_both_have():
    recipe = Recipe(rank=64, dora=True, epochs=5, gradient_checkpointing=True)
    assert recipe.by("full") == Recipe(method="full", epochs=5, gradient_checkpointing=True)
    assert recipe.by("prefix") == Recipe(method="prefix", epochs=5)
    assert recipe.by("lora") == Recipe(method="lora", rank=64, dora=True, epochs=5, gradient_checkpointing=True)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_says_in_one_sentence_when_to_use_it(method: Method):
    assert TITLES[method] and WHEN[method].endswith(".") and WHEN[method].count(". ") == 0
    assert belongs("epochs", method)


def test_so_does_what_other_rows_are_learned_by():
    assert all(sentence.endswith(".") and sentence.count(". ") == 0 for sentence in OF_OTHER_ROWS.values())

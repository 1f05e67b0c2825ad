"""Drawn words follow the model's own chances, and a prompt has the same luck in any company."""

import math
from collections import Counter

import pytest

from studio.domain.sampling import Sampling
from studio.engine.luck import Luck

CHANCES = (0.5, 0.25, 0.15, 0.07, 0.03)
ROWS = 4000
CRITICAL = 18.47  # chi-square with 4 degrees of freedom is larger once in a thousand times


def drawn(chances: tuple[float, ...], *, seed: int = 7, words: int = 0, **settings: float) -> Counter[int]:
    """How often each of five words is the next, for prompts that are alike but for their keys."""
    import torch

    scores = torch.tensor(chances).log().expand(ROWS, -1)
    luck = Luck(Sampling(seed=seed, **{"temperature": 1.0, **settings}), [str(n) for n in range(ROWS)], width=3)
    read = torch.zeros(ROWS, 3 + words, dtype=torch.long)
    return Counter(luck(read, scores).argmax(dim=-1).tolist())


def chi_square(found: Counter[int], chances: tuple[float, ...]) -> float:
    return sum((found[word] - ROWS * chance) ** 2 / (ROWS * chance) for word, chance in enumerate(chances))


@pytest.mark.parametrize("words", [0, 1, 40])
def test_every_word_is_drawn_as_often_as_the_softmax_has_it(words: int):
    assert chi_square(drawn(CHANCES, words=words), CHANCES) < CRITICAL


def test_a_temperature_changes_the_chances_as_it_should():
    raised = [math.sqrt(chance) for chance in CHANCES]
    expected = tuple(chance / sum(raised) for chance in raised)
    found = drawn(CHANCES, temperature=2.0)
    assert chi_square(found, expected) < CRITICAL < chi_square(found, CHANCES)


def test_words_beyond_top_p_are_never_drawn():
    found = drawn(CHANCES, top_p=0.8)
    assert found[3] == found[4] == 0
    share = found[0] / ROWS
    assert abs(share - 0.5 / 0.9) < 4 * math.sqrt(share * (1 - share) / ROWS)


def test_luck_belongs_to_the_seed_the_prompt_and_the_word_and_to_nothing_else():
    import torch

    def noise(*keys: str, seed: int = 7, width: int = 2, words: int = 0) -> torch.Tensor:
        luck = Luck(Sampling(seed=seed, temperature=1.0), keys, width)
        return luck(torch.zeros(len(keys), width + words, dtype=torch.long), torch.zeros(len(keys), 50))

    among = noise("a", "b", "a", "c")
    assert torch.equal(among[0], among[2]) and not torch.equal(among[0], among[1])
    assert torch.equal(among[0], noise("a", width=9)[0])
    assert not torch.equal(among[0], noise("a", seed=8)[0])
    assert not torch.equal(among[0], noise("a", words=1)[0])
    assert torch.isfinite(among).all()


def test_two_models_that_nearly_agree_nearly_always_say_the_same():
    """Independent draws would agree on about a third of the words."""
    other = (0.47, 0.27, 0.16, 0.07, 0.03)
    import torch

    keys, read = [str(n) for n in range(ROWS)], torch.zeros(ROWS, 3, dtype=torch.long)
    luck = Luck(Sampling(temperature=1.0), keys, width=3)
    one, two = (luck(read, torch.tensor(chances).log().expand(ROWS, -1)).argmax(dim=-1) for chances in (CHANCES, other))
    assert (one == two).float().mean() > 0.95

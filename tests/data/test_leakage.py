"""Leakage: every held-out row with a twin in training is found, whether or not anything had found it before."""

import json
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from studio.data import twins
from studio.data.alike import NEAR
from studio.data.leakage import check_split, load_leakage, plain_deal
from studio.data.splitting import deal
from studio.data.twins import Likenesses
from studio.domain.split import Bin, SplitChoices
from tests.data.conftest import ListReporter, pair

WORDS = [
    f"{a}{b}" for a in ("bar", "den", "fol", "gri", "kas", "lom", "mer", "pun") for b in ("a", "et", "il", "on", "us")
]
FEW = settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def likeness_by_hand(likenesses: Likenesses, first: int, second: int) -> float:
    """Without any shortcut: the words of both as sets, by their weights."""
    place = likenesses._place
    return likenesses._sets.likeness_of(int(place[first]), int(place[second]))


def texts(draw: random.Random, count: int) -> list[dict]:
    """Rows of few words, half of them another with a word or two changed, so that many are nearly twins."""
    rows: list[list[str]] = []
    for _ in range(count):
        row = draw.choices(WORDS, k=draw.randint(3, 14))
        if rows and draw.random() < 0.5:
            row = list(draw.choice(rows))
            for _ in range(draw.randint(0, 3)):
                row[draw.randrange(len(row))] = draw.choice([*WORDS, "7", "not"])
        rows.append(row)
    return [pair(" ".join(row[:-1]), row[-1]) for row in rows]


def checked(brought, choices: SplitChoices | None = None, reporter: ListReporter | None = None):
    choices = choices or SplitChoices()
    bins = deal(brought.rows, choices).bins

    def rows(bin: Bin) -> list[int]:
        return [number for number, held in enumerate(bins) if held is bin]

    out = brought.folder / "leakage" / "split.json"
    spec = {
        "dataset": str(brought.folder), "split": "split-1", "out": str(out), "seed": choices.seed,
        "train": rows(Bin.TRAIN), "validation": rows(Bin.VALIDATION), "test": rows(Bin.TEST), "removed": rows(Bin.REMOVED),
    }  # fmt: skip
    outcome = check_split(spec, reporter or ListReporter())
    return outcome, load_leakage(out) if outcome.state == "done" else None


@FEW
@given(seed=st.integers(0, 10_000))
def test_no_twin_is_missed_and_none_is_made_up(bring, seed):
    draw = random.Random(seed)
    brought = bring(texts(draw, draw.randint(6, 50)))
    likenesses = Likenesses(brought.rows)
    held, train = plain_deal(range(len(brought.rows)), held_out=len(brought.rows) // 3, seed=seed)
    leak, twins = likenesses.leak(held, train, seed=seed)

    meaning, place = likenesses._shingles.meaning, likenesses._place
    best = {
        row: max(
            (
                likeness_by_hand(likenesses, row, other)
                for other in train
                if meaning[place[row]] == meaning[place[other]]
            ),
            default=0.0,
        )
        for row in held
    }
    assert {twin.row for twin in twins} == {row for row in held if best[row] >= NEAR}
    assert all(twin.likeness == pytest.approx(best[twin.row], abs=1e-4) for twin in twins)
    assert leak.held_out == leak.measured == len(held) and leak.twins == len(twins)


@FEW
@given(seed=st.integers(0, 10_000))
def test_the_nearest_training_row_is_the_nearest_of_all(bring, seed):
    draw = random.Random(seed)
    brought = bring(texts(draw, 30))
    likenesses = Likenesses(brought.rows)

    for found in likenesses.nearest([0, 1, 2], range(3, 30)):
        assert found.twin >= 3
        assert found.likeness == pytest.approx(
            max(likeness_by_hand(likenesses, found.row, other) for other in range(3, 30)), abs=1e-4
        )


def test_copies_leak_in_a_plain_deal_and_not_in_ours(bring):
    rows = [
        pair(f"What about {word} in {n} cases?", f"It is {word} indeed, {n} times over") for n, word in enumerate(WORDS)
    ]
    near = [
        pair(f"Please: what about {word} in {n} cases?", f"It is {word} indeed, {n} times over")
        for n, word in enumerate(WORDS)
    ]

    outcome, found = checked(bring([*rows, *near, *rows[:10]]))
    assert found.before.twins >= 8 and found.before.same and found.before.near
    assert found.after.twins == 0 and found.after.measured == found.after.held_out == found.before.held_out == 16
    assert outcome.message == "0 of 16 held-out rows have a twin in training."


def test_rows_of_one_template_are_twins_unless_their_numbers_differ(bring):
    rows = [
        pair(f"Write to {word} about the late order of the week", "Dear customer, it is on its way") for word in WORDS
    ]
    numbered = [pair(f"Tell me about invoice {n} of the year", f"Invoice {n} was paid on time") for n in range(40)]

    _, found = checked(bring([*rows, *numbered]), SplitChoices(held_out=0.4))
    assert all(max(twin.row, twin.twin) < 40 for twin in found.twins)


def test_fifteen_validation_rows_are_set_beside_their_nearest_training_rows(bring):
    draw = random.Random(5)
    brought = bring(texts(draw, 300))
    choices = SplitChoices(held_out=0.4)
    bins = deal(brought.rows, choices).bins
    _, found = checked(brought, choices)

    assert len(found.reading) == len({each.row for each in found.reading}) == 15
    assert all(bins[each.row] is Bin.VALIDATION and bins[each.twin] is Bin.TRAIN for each in found.reading)
    assert found == checked(brought, choices)[1]


def test_with_fewer_validation_rows_all_are_read(bring):
    _, found = checked(bring([pair(f"question {word}", "yes") for word in WORDS]))

    assert len(found.reading) == 4


def test_what_was_removed_is_in_neither_deal(bring):
    rows = [pair(f"question {word}", "yes") for word in WORDS]
    brought = bring([*rows, *rows])

    _, found = checked(brought, SplitChoices(removed=dict.fromkeys(range(40, 80), "by hand"), keep_copies=True))
    assert found.before.twins == found.after.twins == 0


def test_rows_without_a_word_have_no_twin(bring):
    rows = [pair("…" * n, "—, " * n) for n in range(1, 9)]

    outcome, found = checked(bring(rows))
    assert outcome.state == "done" and found.after.twins == 0 and found.reading == ()


def test_where_all_rows_are_alike_a_part_is_measured_and_it_is_said_how_many(bring, monkeypatch):
    monkeypatch.setattr(twins, "BUDGET", 200)
    draw = random.Random(1)
    rows = [pair(" ".join(draw.sample(WORDS[:8], 8)), f"{' '.join(draw.sample(WORDS[:8], 8))}") for _ in range(40)]

    leak, _ = Likenesses(bring(rows).rows).leak(range(20), range(20, 40), seed=1)
    assert 0 < leak.measured == leak.twins < leak.held_out == 20


def test_the_check_can_be_stopped(bring):
    brought = bring([pair(f"question {word}", "yes") for word in WORDS])

    outcome, _ = checked(brought, reporter=ListReporter(stop_after=3))
    assert outcome.state == "stopped" and not (brought.folder / "leakage" / "split.json").exists()


def test_an_edited_row_is_measured_as_it_now_reads(bring):
    brought = bring([pair(f"question about {word} and more", f"the answer is {word}") for word in WORDS])
    bins = deal(brought.rows, SplitChoices()).bins
    held, train = bins.index(Bin.VALIDATION), bins.index(Bin.TRAIN)
    (brought.folder / "edited.jsonl").write_text(json.dumps({**brought.rows.record(train), "number": held}) + "\n")

    _, found = checked(brought)
    assert [(twin.row, twin.twin) for twin in found.twins] == [(held, train)]

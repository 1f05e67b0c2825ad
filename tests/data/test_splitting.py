"""Splitting: no test row has a twin in training, the sizes are those asked for, and a seed repeats the deal."""

import json
import random
import subprocess
import sys
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from studio.data.findings import load_findings
from studio.data.outline import outline_of
from studio.data.splitting import deal, split_sizes, together
from studio.data.strata import shares, strata_of, widest_gap
from studio.data.ties import TOGETHER
from studio.domain.errors import DatasetError
from studio.domain.split import Bin, SplitChoices
from studio.domain.topics import NO_TOPIC, Topic, Topics
from tests.data.conftest import pair

HELD = (Bin.TRAIN, Bin.VALIDATION, Bin.TEST)
FEW = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def rows_of(count: int, **more) -> list[dict]:
    return [pair(f"question {number}", f"answer {number}", **more) for number in range(count)]


def dealt(brought, **choices):
    return deal(brought.rows, SplitChoices(**choices))


def sizes(bins) -> dict[str, int]:
    return {bin.value: bins.count(bin) for bin in Bin if bin in bins}


def test_validation_and_test_share_what_is_held_out(bring):
    assert sizes(dealt(bring(rows_of(100))).bins) == {"train": 80, "validation": 10, "test": 10}
    assert sizes(dealt(bring(rows_of(50)), held_out=0.5).bins) == {"train": 25, "validation": 12, "test": 13}


@pytest.mark.parametrize(
    ("rows", "held_out", "expected"), [(3, 0.2, (1, 1, 1)), (10, 0.2, (8, 1, 1)), (11, 0.01, (9, 1, 1))]
)
def test_each_part_has_at_least_one_row(rows, held_out, expected):
    made = split_sizes(rows, held_out=held_out)

    assert (made.train, made.validation, made.test) == expected


@pytest.mark.parametrize(("rows", "held_out"), [(2, 0.2), (0, 0.2), (10, 0.99), (10, 0.0), (10, 1.0)])
def test_too_few_rows_or_a_share_that_leaves_none_is_refused(rows, held_out):
    with pytest.raises(DatasetError) as refused:
        split_sizes(rows, held_out=held_out)
    assert refused.value.fix


def test_the_same_seed_deals_the_same_and_another_deals_anew(bring):
    brought = bring(rows_of(60))

    assert dealt(brought, seed=3) == dealt(brought, seed=3)
    assert dealt(brought, seed=3) != dealt(brought, seed=4)


def test_of_a_duplicate_group_the_first_row_is_kept_or_the_one_asked_for(bring):
    brought = bring([*rows_of(12), pair("question 4", "answer 4"), pair("QUESTION 4.", "answer 4")])

    first = dealt(brought)
    assert first.duplicate_of == {12: 4, 13: 4} and first.bins[12] is first.bins[13] is Bin.DUPLICATE
    assert first.bins[4] in HELD
    asked = dealt(brought, keep={4: 13})
    assert asked.duplicate_of == {4: 13, 12: 13} and asked.bins[13] in HELD


def test_a_row_that_is_no_copy_cannot_be_kept_in_place_of_one(bring):
    brought = bring([*rows_of(12), pair("question 4", "answer 4")])

    with pytest.raises(DatasetError, match="Row 5 is no copy of row 4"):
        dealt(brought, keep={4: 5})


def test_a_removed_row_is_removed_and_its_copy_takes_its_place(bring):
    brought = bring([*rows_of(12), pair("question 4", "answer 4")])

    made = dealt(brought, removed=dict.fromkeys([4, 7], "by hand"))
    assert made.bins[4] is made.bins[7] is Bin.REMOVED
    assert made.bins[12] in HELD and made.duplicate_of == {}


def test_a_row_that_does_not_exist_cannot_be_removed(bring):
    with pytest.raises(DatasetError, match="no row 12"):
        dealt(bring(rows_of(12)), removed=dict.fromkeys([12], "by hand"))


@pytest.mark.parametrize("seed", range(8))
def test_copies_that_stay_and_contradictions_are_on_one_side(bring, seed):
    twins = [pair(f"question {number}", f"answer {number}") for number in range(10)]
    contradictions = [pair(f"question {number}", "something else") for number in range(10, 20)]
    brought = bring([*rows_of(40), *twins, *contradictions])

    bins = dealt(brought, seed=seed, keep_copies=True).bins
    assert Bin.DUPLICATE not in bins
    assert all(bins[number] is bins[40 + number] for number in range(20))


@pytest.mark.parametrize("seed", range(8))
def test_rows_with_one_value_of_a_field_are_on_one_side(bring, seed):
    rows = [pair(f"question {number}", "yes", customer=f"c{number % 15}") for number in range(90)]

    bins = dealt(bring(rows), seed=seed, by="customer").bins
    assert all(len({bins[number] for number in range(customer, 90, 15)}) == 1 for customer in range(15))
    assert sizes(bins) == {"train": 72, "validation": 6, "test": 12} or sizes(bins)["train"] in (66, 72, 78)


def test_rows_without_the_field_stand_alone_and_an_unknown_field_is_named(bring):
    brought = bring([*rows_of(20, topic="one"), *[pair(f"other {number}", "b") for number in range(20)]])

    bins = dealt(brought, by="topic").bins
    assert set(bins[:20]) == {Bin.TRAIN}
    with pytest.raises(DatasetError, match="topc") as refused:
        dealt(brought, by="topc")
    assert "topic" in refused.value.fix


def test_a_field_with_one_value_cannot_be_kept_together(bring):
    with pytest.raises(DatasetError, match="form 1 group"):
        dealt(bring(rows_of(20, topic="one")), by="topic")


def test_big_groups_come_as_close_to_the_sizes_as_they_can(bring):
    rows = [pair(f"question {number}", "yes", source=str(number // 10)) for number in range(100)]

    assert sizes(dealt(bring(rows), by="source").bins) == {"train": 80, "validation": 10, "test": 10}


def test_long_and_short_answers_are_spread_over_all_parts(bring):
    rows = [pair(f"question {number}", "word " * (1 if number % 2 else 60)) for number in range(400)]
    brought = bring(rows)

    for seed in range(5):
        bins = dealt(brought, seed=seed).bins
        long = sum(bins[number] is Bin.TEST for number in range(0, 400, 2))
        assert 17 <= long <= 23


FILES = st.integers(3, 60).flatmap(
    lambda count: st.tuples(
        st.lists(
            st.fixed_dictionaries(
                {"label": st.sampled_from("aaabc"), "person": st.integers(0, count // 2), "size": st.integers(1, 40)}
            ),
            min_size=count,
            max_size=count,
        ),
        st.integers(0, count - 1),
    )
)
DEALS = st.fixed_dictionaries(
    {
        "seed": st.integers(0, 99),
        "held_out": st.sampled_from([0.1, 0.2, 0.3, 0.5]),
        "stratify": st.sampled_from(["length", "field:label"]),
    }
)


def file_of(kinds: list[dict]) -> list[dict]:
    """Rows of which each is a text of its own, numbered by what they say."""
    draw = random.Random(9)
    return [
        pair(f"case {draw.randrange(10**9)}", "word " * kind["size"], label=kind["label"], person=str(kind["person"]))
        for kind in kinds
    ]


def moved(before, after, *, apart_from: int, by: list[str]) -> set[str]:
    """The groups of which a row is in another bin than before."""
    return {
        by[n] for n, (one, other) in enumerate(zip(before, after, strict=True)) if one is not other and n != apart_from
    }


@FEW
@given(file=FILES, choices=DEALS)
def test_a_row_that_is_left_out_moves_a_few_rows_at_most(bring, file, choices):
    kinds, out = file
    brought = bring(file_of(kinds))
    try:
        before = dealt(brought, **choices).bins
        after = dealt(brought, **choices, removed={out: "by hand"}).bins
    except DatasetError as refused:
        assert refused.fix
        return
    assert len(moved(before, after, apart_from=out, by=[str(n) for n in range(len(kinds))])) <= 4


@FEW
@given(file=FILES, choices=DEALS)
def test_a_row_more_or_less_in_the_file_moves_a_few_groups_at_most(bring, file, choices):
    kinds, out = file
    rows = file_of(kinds)
    people = [row["person"] for row in rows]
    try:
        before = dealt(bring(rows), **choices, by="person").bins
        after = list(dealt(bring([*rows[:out], *rows[out + 1 :]]), **choices, by="person").bins)
    except DatasetError as refused:
        assert refused.fix
        return
    after.insert(out, before[out])
    assert len(moved(before, after, apart_from=out, by=people)) <= 14  # hardly ever above 8


def test_most_of_a_large_file_stays_where_it_was_when_a_hundredth_is_left_out(bring):
    brought = bring(file_of([{"label": "ab"[n % 2], "person": n, "size": n % 30 + 1} for n in range(1000)]))
    out = range(0, 1000, 100)

    before, after = dealt(brought).bins, dealt(brought, removed=dict.fromkeys(out, "by a rule")).bins
    assert sum(one is not other for n, (one, other) in enumerate(zip(before, after, strict=True)) if n not in out) <= 8


def test_the_order_of_the_file_decides_nothing(bring):
    rows = file_of([{"label": "ab"[n % 2], "person": n, "size": n % 30 + 1} for n in range(100)])

    before, after = dealt(bring(rows)).bins, dealt(bring(rows[::-1])).bins
    assert before == after[::-1]


def test_an_edited_row_stays_where_it_was(bring):
    brought = bring(rows_of(60))
    before = dealt(brought)
    changed = [{**brought.rows.record(number), "number": number} for number in range(0, 60, 3)]
    for row in changed:
        row["messages"][1]["content"] = "something else altogether " * 20
    (brought.folder / "edited.jsonl").write_text("".join(json.dumps(row) + "\n" for row in changed))

    assert brought.rows[0].answer != "answer 0"
    assert dealt(brought) == before


def test_another_process_deals_the_same(bring):
    brought = bring(file_of([{"label": "ab"[n % 2], "person": n, "size": n % 30 + 1} for n in range(80)]))
    code = (
        "import sys; from pathlib import Path;"
        "from studio.data.rows import load_rows; from studio.data.splitting import deal; from studio.domain.split import *;"
        "folder = Path(sys.argv[1]); print(*deal(load_rows(folder), SplitChoices(seed=3)).bins)"
    )
    told = subprocess.run([sys.executable, "-c", code, str(brought.folder)], capture_output=True, text=True, check=True)

    assert told.stdout.split() == [bin.value for bin in dealt(brought, seed=3).bins]


@pytest.mark.parametrize("count", range(3, 11))
def test_the_smallest_files_have_a_row_in_each_part(bring, count):
    for seed in range(5):
        assert min(dealt(bring(rows_of(count)), seed=seed).bins.count(bin) for bin in HELD) >= 1


def test_one_giant_group_trains_and_the_parts_are_made_of_the_others(bring):
    brought = bring([*rows_of(90, person="giant"), *[pair(f"other {n}", "answer", person=n) for n in range(10)]])

    for seed in range(5):
        bins = dealt(brought, seed=seed, by="person").bins
        assert set(bins[:90]) == {Bin.TRAIN}
        assert {bins.count(Bin.VALIDATION), bins.count(Bin.TEST)} <= {1, 2, 3, 4, 5, 6, 7, 8, 9}


@pytest.mark.parametrize("seed", range(6))
def test_rows_of_one_conversation_are_on_one_side_without_being_asked(bring, seed):
    talks = []
    for number in range(30):
        turns = [
            {"role": role, "content": f"{role} {number} {turn}"} for turn in range(3) for role in ("user", "assistant")
        ]
        talks += [{"messages": turns[:2]}, {"messages": turns[:4]}, {"messages": turns}]

    bins = dealt(bring(talks), seed=seed).bins
    assert all(len(set(bins[start : start + 3])) == 1 for start in range(0, 90, 3))


@pytest.mark.parametrize("seed", range(6))
def test_rows_of_a_small_template_are_on_one_side(bring, seed):
    names = ["Ada", "Bob", "Cyd", "Dan", "Eve", "Fay"]
    letters = [
        pair(f"Write to {name} about the late order of last week", "It is on its way and we are sorry")
        for name in names
    ]
    brought = bring([*letters, *file_of([{"label": "a", "person": n, "size": 3} for n in range(150)])])

    assert len(set(dealt(brought, seed=seed).bins[:6])) == 1


def test_a_template_that_most_of_the_file_is_made_of_is_dealt_like_any_rows(bring):
    words = [f"{a}{b}" for a in ("bar", "den", "fol", "gri", "kas", "lom") for b in ("a", "et", "il", "on", "us")]
    brought = bring(
        [pair(f"Write to {word} about the late order of last week", f"Dear {word}, we are sorry") for word in words]
    )

    assert sizes(dealt(brought).bins) == {"train": 24, "validation": 3, "test": 3}


@pytest.mark.parametrize("seed", range(4))
def test_each_part_gets_its_share_of_every_label(bring, seed):
    rows = [
        pair(f"question {n}", f"category: {'ham' if n % 10 else 'spam'}", label="no" if n % 4 else "yes")
        for n in range(200)
    ]
    brought = bring(rows)

    for stratify, kinds in (
        ("field:label", [n % 4 == 0 for n in range(200)]),
        ("answer:category", [n % 10 == 0 for n in range(200)]),
    ):
        bins = dealt(brought, seed=seed, stratify=stratify, held_out=0.2).bins
        there = Counter(kind for kind, bin in zip(kinds, bins, strict=True) if bin is Bin.TEST)
        assert there[True] == round(20 * sum(kinds) / 200)


def test_each_part_gets_its_share_of_every_topic_and_of_what_has_none(bring):
    topics = Topics((Topic(("a",), 60), Topic(("b",), 30)), (0, 1, 0, NO_TOPIC, 0) * 20, "")
    bins = dealt_by(bring(rows_of(100)), topics)

    assert Counter(topics.of[n] for n in range(100) if bins[n] is Bin.TEST) == {0: 6, 1: 2, NO_TOPIC: 2}


def dealt_by(brought, topics: Topics | None):
    choices = SplitChoices(stratify="topic")
    return deal(brought.rows, choices, topics=topics).bins


def test_topics_must_be_known_and_clear_to_deal_by_them(bring):
    brought = bring(rows_of(20))

    with pytest.raises(DatasetError, match="not been looked for"):
        dealt_by(brought, None)
    with pytest.raises(DatasetError, match="no clear topics"):
        dealt_by(brought, Topics((), (NO_TOPIC,) * 20, "There are no clear topics."))


@pytest.mark.parametrize("stratify", ["field:colour", "answer:colour", "colour"])
def test_what_no_row_has_cannot_be_spread(bring, stratify):
    with pytest.raises(DatasetError, match="colour") as refused:
        dealt(bring(rows_of(20, topic="one")), stratify=stratify)
    assert refused.value.field == "stratify" and refused.value.fix


def test_one_label_in_all_rows_is_spread_like_rows_without_labels(bring):
    assert sizes(dealt(bring(rows_of(50, topic="one")), stratify="field:topic").bins) == {
        "train": 40, "validation": 5, "test": 5,
    }  # fmt: skip


def test_labels_as_rare_as_they_can_be_are_held_out_as_often_as_others(bring):
    brought = bring([pair(f"question {n}", "answer", label=n if n < 100 else "common") for n in range(200)])

    held = [dealt(brought, seed=seed, stratify="field:label").bins for seed in range(12)]
    rare = sum(bin is not Bin.TRAIN for bins in held for bin in bins[:100])
    assert 150 <= rare <= 330  # a fifth of 1,200 is 240


def test_how_the_kinds_were_spread_is_told(bring):
    brought = bring([pair(f"question {n}", "answer", label="ab"[n % 5 == 0]) for n in range(100)])
    strata = strata_of(brought.rows, outline_of(brought.rows), None, stratify="field:label")
    found = shares(strata, dealt(brought, stratify="field:label").bins)

    assert [(share.name, share.rows) for share in found] == [("a", 80), ("b", 20)]
    assert [(share.train, share.validation, share.test) for share in found] == [(64, 8, 8), (16, 2, 2)]
    assert widest_gap(found) == 0


@FEW
@given(data=st.data())
def test_no_group_straddles_whatever_the_file_and_the_choices(bring, data):
    texts = st.sampled_from(
        [f"a text about {word} and little else but {word}" for word in ("tea", "bread", "Bread!", "the tea")]
    )
    rows = data.draw(st.lists(st.tuples(texts, st.sampled_from("abcd"), st.integers(0, 9)), min_size=6, max_size=60))
    brought = bring([pair(f"{text} {number}", answer, person=f"p{number}") for text, answer, number in rows])
    by = data.draw(st.sampled_from([None, "person"]))
    keep_copies = data.draw(st.booleans())
    removed = dict.fromkeys(data.draw(st.sets(st.integers(0, len(rows) - 1), max_size=5)), "by hand")
    try:
        bins = dealt(brought, seed=data.draw(st.integers(0, 9)), by=by, keep_copies=keep_copies, removed=removed).bins
    except DatasetError as refused:
        assert refused.fix
        return
    findings = load_findings(brought.folder)
    groups = [group.rows for finding in findings if finding.kind in TOGETHER for group in finding.groups]
    leaders = together(brought.rows, outline_of(brought.rows), by=by)
    for numbers in (
        *groups,
        *[[n for n in range(len(rows)) if leaders[n] == first] for first in set(leaders.tolist())],
    ):
        assert len({bins[number] for number in numbers} & set(HELD)) <= 1

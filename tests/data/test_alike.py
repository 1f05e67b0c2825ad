"""Alike: what says nearly the same is found and explained; what differs in one thing that matters is not."""

import json
import os
import random
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.data.alike import alike

STORY = (
    "The courier left the blue parcel beside the garden gate because nobody opened the door, so our colleague "
    "called the customer, arranged a second delivery for the following morning and noted it in the report."
)
CHINESE = "快递员把蓝色的包裹放在花园门口，因为没有人开门，所以我们的同事给客户打了电话，安排第二天早上再次送货，并且写进了报告。"
FORMULA = (
    "Multiply the length of the wall by its height, add the area of the roof and write the result below the plan: "
)
WORDS = (
    "amber birch cedar dune ember fjord grove heath inlet jetty knoll lagoon marsh nook oasis plain quarry reef".split()
)


def rows_of(found) -> list[tuple[int, ...]]:
    return [group.rows for group in found.near]


def unlike(count: int, *, seed: int = 5) -> list[str]:
    """Texts that have nothing to do with each other."""
    draw = random.Random(seed)
    letters = "abcdefghijklmnopqrstuvwxyz"
    return [" ".join("".join(draw.choices(letters, k=6)) for _ in range(30)) for _ in range(count)]


def letters(names: str, count: int, *, seed: int = 8) -> list[str]:
    """So many different letters to customers, made from one template; only the names differ."""
    draw = random.Random(seed)
    filled = set()
    while len(filled) < count:
        filled.add("".join(draw.choices(names, k=7)))
    return [
        f"Write a friendly letter to {name} about the late order. Dear {name}, we are sorry that the parcel is late."
        for name in sorted(filled)
    ]


SLIPS = [
    STORY.replace("blue", "red"),
    STORY.replace("customer", "cusotmer"),
    STORY.replace("garden gate", "gate garden"),
    STORY.replace("following ", ""),
    "Good morning! " + STORY,
    STORY + " Thank you.",
    STORY.upper(),
    STORY.replace("parcel", '"parcel"').replace(" because", "\n\nbecause"),
    STORY.replace("report.", "(report)"),
]


@pytest.mark.parametrize("copy", SLIPS)
def test_one_slip_in_a_long_text_makes_a_near_copy(copy):
    assert rows_of(alike([*unlike(40), STORY, *unlike(40, seed=6), copy])) == [(40, 81)]


@pytest.mark.parametrize(
    "copy",
    [
        CHINESE.replace("蓝色", "红色"),
        CHINESE.replace("花园门口", "门口花园"),
        CHINESE.replace("同事", "经理"),
        "您好，" + CHINESE,
        CHINESE.replace("，", "  "),
        CHINESE.replace("早上", "早晨"),
    ],
)
def test_a_near_copy_in_chinese_is_found_although_no_spaces_part_its_words(copy):
    assert rows_of(alike([*unlike(40), CHINESE, copy])) == [(40, 41)]


DIFFERENT = [
    ("5 days", "6 days"), ("$5", "€5"), ("5 EUR", "5 USD"), ("2.5", "2,5"), ("2.5", "25"), ("x1", "x2"), ("two", "three"),
    ("a + b", "a - b"), ("a - b", "b - a"), ("x < y", "x > y"), ("a && b", "a || b"), ("2*(3+4)", "2*3+4"),
    ("(3+4)*2+1", "(3+4*2)+1"), ("x²", "x³"), ("½", "¼"), ("5!", "5"), ("list[1:]", "list[:1]"), ("f(x)", "f[x]"),
    ("C++", "C#"), ("C++", "C"), ("is allowed", "is not allowed"), ("it can", "it can't"), ("True", "False"),
    ("jemals", "niemals"), ("geht", "geht nicht"), ("c'est bon", "c'est pas bon"), ("可以", "不可以"), ("三位", "五位"),
    ("行きます", "行きません"), ("แพง", "ไม่แพง"),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_a_number_sign_currency_or_negation_more_or_less_makes_another_text(one, other):
    assert rows_of(alike([*unlike(40), FORMULA + one, FORMULA + other])) == []


@pytest.mark.parametrize(("one", "other"), [("well-known", "well known"), ("(see below)", "see below"), ("“a”", "a")])
def test_hyphens_quotes_and_asides_do_not(one, other):
    found = alike([*unlike(40), FORMULA + one, FORMULA + other])

    assert [(group.rows, group.likeness) for group in found.near] == [((40, 41), (1.0, 1.0))]


@given(st.lists(st.text(alphabet="ab ", max_size=6).filter(lambda text: len(text.split()) < 4), max_size=12))
def test_texts_of_fewer_than_four_words_are_no_near_copies(texts):
    assert alike(texts) == alike([])


def test_the_reason_names_the_words_that_differ():
    def reason(copy: str) -> str:
        (group,) = alike([*unlike(40), STORY, copy]).near
        return group.reason

    assert reason(STORY.replace("blue", "red")) == "Only these words differ: “blue” / “red”"
    assert reason(STORY.replace("following ", "")) == "Only these words are missing: “following”"
    assert reason("Hello again! " + STORY) == "Only these words are added: “hello again”"
    assert reason(STORY.replace("garden gate", "gate garden")) == "Only the order of words differs"
    assert reason(STORY.upper()) == "Only punctuation, capitals or spaces differ"
    assert reason(STORY.replace("called the", "phoned his good old")) == (
        "These words differ: “called the” / “phoned his good …”"
    )
    assert reason("Once upon a time, " + STORY) == "Only these words are added: “once upon a …”"


def test_every_copy_is_measured_against_the_row_that_is_kept_not_along_a_chain():
    words = [f"{first}{second}" for first in WORDS for second in WORDS]
    steps = [" ".join(words[shift : shift + 24]) for shift in (0, 3, 6)]
    found = alike([*unlike(40), *steps])

    assert rows_of(alike([*unlike(40), *steps[:2]])) == rows_of(alike([*unlike(40), *steps[1:]])) == [(40, 41)]
    assert rows_of(alike([*unlike(40), steps[0], steps[2]])) == []
    assert rows_of(found) == [(40, 41)]
    assert found.near[0].likeness[0] == 1.0 and 0.7 <= found.near[0].likeness[1] < 1


def test_rows_of_one_template_are_a_family_and_no_copies():
    family = letters("abcdefgh", 25)
    found = alike([*unlike(300), *family, STORY, STORY.replace("blue", "red")])

    assert [each.rows for each in found.families] == [tuple(range(300, 325))]
    assert found.families[0].pattern == (
        "write a friendly letter to … about the late order dear … we are sorry that the parcel is late"
    )
    assert rows_of(found) == [(325, 326)]


def test_a_member_of_a_family_written_in_capitals_is_still_a_copy_of_it():
    family = letters("abcdefgh", 25)
    found = alike([*unlike(300), *family, family[3].upper()])

    assert rows_of(found) == [(303, 325)]
    assert found.families[0].rows == tuple(range(300, 326))


def test_three_rows_that_fill_one_slot_in_three_ways_are_no_copies():
    first, second, third = (STORY.replace("blue", colour) for colour in ("blue", "red", "green"))

    assert rows_of(alike([*unlike(40), first, second])) == [(40, 41)]
    assert alike([*unlike(40), first, second, third]).near == ()


def test_a_slip_beside_the_slot_of_a_small_template_is_found():
    ada, bob, eve = (STORY.replace("customer", name) for name in ("Ada", "Bob", "Eve"))

    assert rows_of(alike([*unlike(40), ada, bob, eve, ada.replace("arranged", "aranged")])) == [(40, 43)]


def test_rows_that_share_a_long_instruction_alone_are_no_copies():
    instruction = "You are a careful assistant of a bank. Answer briefly, politely and in plain words. " * 4
    texts = [f"{instruction} {question}" for question in unlike(200)]

    assert alike(texts).near == ()


TEXTS = st.lists(
    st.integers(0, 5).flatmap(
        lambda which: st.sampled_from([unlike(6)[which], unlike(6)[which] + " extra", unlike(6)[which].upper()])
    ),
    max_size=14,
)


@given(TEXTS, st.sets(st.integers(0, 13)))
def test_rows_left_out_appear_nowhere_and_change_nothing_else(texts, left_out):
    held = [text for number, text in enumerate(texts) if number not in left_out]
    numbers = [number for number in range(len(texts)) if number not in left_out]
    alone, among = alike(held), alike(texts, left_out=left_out)

    assert [tuple(numbers[row] for row in group.rows) for group in alone.near] == rows_of(among)
    assert [group.likeness for group in alone.near] == [group.likeness for group in among.near]


@given(TEXTS, st.randoms(use_true_random=False))
def test_another_order_of_the_rows_makes_the_same_groups(texts, draw):
    shuffled = draw.sample(texts, len(texts))

    def groups(rows: list[str]) -> list[list[str]]:
        return sorted(sorted(rows[row] for row in group.rows) for group in alike(rows).near)

    assert groups(texts) == groups(shuffled)


@given(TEXTS)
def test_groups_are_in_file_order_and_a_row_stands_in_one_of_them(texts):
    found = alike(iter(texts)).near
    rows = [row for group in found for row in group.rows]

    assert len(rows) == len(set(rows)) and all(list(group.rows) == sorted(group.rows) for group in found)
    assert [group.rows[0] for group in found] == sorted(group.rows[0] for group in found)
    assert all(len(group.rows) == len(group.likeness) >= 2 and min(group.likeness) >= 0.7 for group in found)


def test_two_processes_find_the_same_whatever_their_hash_seed_and_threads(root):
    script = (
        "import json, sys; from studio.data.alike import alike; from dataclasses import asdict;"
        "print(json.dumps(asdict(alike(json.load(sys.stdin)))))"
    )
    texts = [*unlike(60), *letters("abcdefgh", 25), *SLIPS[:3], STORY, CHINESE, CHINESE.replace("早上", "早晨")]

    def said(seed: str, threads: str) -> str:
        environment = {
            **os.environ,
            "PYTHONHASHSEED": seed,
            "OMP_NUM_THREADS": threads,
            "OPENBLAS_NUM_THREADS": threads,
        }
        return subprocess.run(
            [sys.executable, "-c", script], input=json.dumps(texts), env=environment, cwd=root,
            capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip

    first = said("1", "1")
    assert first == said("2", "2") and json.loads(first)["near"] and json.loads(first)["families"]

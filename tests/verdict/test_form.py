"""What answers have in common becomes instructions, and tells whether another answer has it."""

import json

import pytest

from studio.verdict.form import Shape, form_of

LINES = [f"category: {('billing', 'delivery')[n % 2]}\nsummary: number {n}" for n in range(20)]
JSON = [json.dumps({"day": ("Monday", "Friday")[n % 2], "quantity": n, "item": f"roll {n}"}) for n in range(20)]
VOICE = [f"The kettle is on, friend {n}. It costs {n * 'nearly '}nothing. Yours, Fern" for n in range(9)]


@pytest.mark.parametrize(
    ("answers", "shape", "told", "right", "wrong"),
    [
        (
            LINES, Shape.LINES,
            "Answer with exactly 2 lines, in this order, and nothing else:\n"
            "category: one of billing, delivery\nsummary: <summary>",
            "category: billing\nsummary: anything", "category: unknown\nsummary: anything",
        ),
        (
            JSON, Shape.JSON,
            "Answer with one JSON object and nothing else. It has these keys:\n"
            "- day (one of Friday, Monday)\n- quantity (a whole number)\n- item (text)",
            '{"item": "x", "day": "Monday", "quantity": 1}', '```json\n{"day": "Monday"}\n```',
        ),
        (
            ["yes", "no"] * 10, Shape.LABEL,
            "Answer with exactly one of these, written in the same way, and nothing else: no, yes.",
            " yes\n", "Yes, I think so.",
        ),
        (["SELECT 1"] * 6, Shape.SQL, "Answer with one SQL query and nothing else.", "select 2", "It is 2."),
        (
            VOICE, Shape.FREE,
            "Answer in 11 to 19 words. Begin with “The kettle is on, friend”. End with “nothing. Yours, Fern”.",
            VOICE[3], "It costs nothing.",
        ),
    ],
)  # fmt: skip
def test_the_form_is_told_and_found_again(answers: list[str], shape: Shape, told: str, right: str, wrong: str):
    form = form_of(answers)
    assert (form.shape, form.instructions) == (shape, told)
    assert all(map(form.fits, answers)) or shape is Shape.FREE
    assert form.fits(right) and not form.fits(wrong) and form.title


def test_nothing_is_said_of_no_answers():
    assert form_of([" "]).shape is Shape.FREE


def test_a_few_odd_answers_do_not_hide_the_form_of_the_others():
    assert form_of([*LINES, "I do not know."]).parts == form_of(LINES).parts


def test_a_line_too_many_is_not_the_form():
    assert not form_of(LINES).fits(f"Sure!\n{LINES[0]}")

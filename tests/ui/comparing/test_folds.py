"""Folded parts of the form say what is set in them."""

from typing import Any

from studio.domain.gate import ExactMatch, Speed
from studio.domain.protocol import Rival
from studio.ui.comparing import folds, raters
from studio.ui.comparing.gates import Entry
from tests.ui.comparing.test_raters_panel import seat

EVERY = [rival.value for rival in Rival]


def labels(**changed: Any) -> list[str]:
    values = {
        "against": EVERY, "prompts": 24, "question": "Better?", "text": "Answer with\nthree lines.", "picked": ["1", "5"],
        "rubric": "", "own": "", "steps": ["90"], "twice": 0.25, "identical": None, "margin": 5, "masked": "",
        "unasked": False, "tokens": 160, "temperature": 0.0, "entries": (),
    }  # fmt: skip
    return folds.labels(*(values | changed).values())


def test_each_part_says_what_it_holds() -> None:
    assert labels() == [
        "Best prompt of the base model · “Answer with three lines.”",
        "Examples for the base model · 2 training rows",
        "Gates: what has to hold beside taste · none",
        "Advanced · step 90; no rubric; no prompts of your own; 25 % rated twice; margin 5 points",
    ]


def test_what_is_changed_shows_and_what_is_not_used_says_so() -> None:
    gates = (
        Entry("0", ExactMatch().model_dump_json()),
        Entry("1", Speed(is_required=False).model_dump_json()),
        Entry("2", Speed().model_dump_json(), is_on=False),
    )
    prompt, examples, held, advanced = labels(
        against=["base"], rubric="Kind.", own="a\n\nb", steps=["60", "90"], twice=0, identical=2, margin=0, masked="Pebble",
        unasked=True, temperature=0.7, entries=gates,
    )  # fmt: skip
    assert prompt.endswith(folds.NOT_USED) and examples.endswith(folds.NOT_USED)
    assert held == "Gates: what has to hold beside taste · 2, 1 needed to ship"
    assert advanced == (
        "Advanced · step 60, 90; a rubric; 2 lines of your own prompts; 0 % rated twice; 2 identical pairs; margin 0 points; "
        "words masked; only rows not asked before; temperature 0.7"
    )
    assert labels(text=" ", picked=[])[:2] == [
        "Best prompt of the base model · empty",
        "Examples for the base model · none",
    ]
    assert labels(entries=gates[:1])[2].endswith("· 1, all needed to ship")


def test_the_panel_of_raters_says_how_many_links_and_people_there_are() -> None:
    assert (
        raters.summary([seat(), seat("Ben", judged=0), seat("Cem", is_revoked=True)]) == "2 links, 2 people have judged"
    )
    assert raters.summary([seat(judged=0)]) == "1 link, nobody has judged yet"

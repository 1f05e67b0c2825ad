"""Verdict: the headline first, then everything needed to check it."""

from dataclasses import replace

import pytest

from studio.domain.verdict import Agreement, Decision
from studio.ui.tabs import verdict
from tests.ui import examples
from tests.ui.markup import attributes, words


@pytest.mark.parametrize(
    ("tuned", "base", "decision", "headline"),
    [
        (24, 1, Decision.SHIP, "Ship it."),
        (1, 24, Decision.DONT_SHIP, "Don't ship it."),
        (3, 2, Decision.NOT_YET, "Not yet."),
    ],
)
def test_the_decision_is_the_first_thing_to_read(tuned: int, base: int, decision: Decision, headline: str) -> None:
    page = verdict.headline(examples.decided(tuned=tuned, base=base))
    assert headline in words(page)
    assert f"panel verdict {decision.value}" in attributes(page, "class")


def test_there_is_one_dot_per_rated_prompt_and_the_legend_counts_them() -> None:
    page = verdict.headline(examples.decided(tuned=5, base=3, tie=2))
    dots = page.split('aria-label="One dot per rated prompt">')[1].split("</div>")[0]
    assert attributes(dots, "class") == ["won"] * 5 + ["even"] * 2 + ["lost"] * 3
    assert "fine-tuned better 5" in words(page) and "equal 2" in words(page) and "base better 3" in words(page)


def test_the_votes_and_the_report_can_be_taken_away() -> None:
    links = attributes(verdict.headline(examples.decided()), "href")
    assert links == [
        "/report/study-1",
        "/download/report/study-1",
        "/download/ratings/study-1.csv",
        "/download/ratings/study-1.jsonl",
    ]


def test_caveats_stand_beside_the_headline() -> None:
    decided = examples.decided()
    page = verdict.headline(replace(decided, verdict=replace(decided.verdict, caveats=("Only one person rated.",))))
    assert "Only one person rated." in words(page)
    plain = verdict.headline(replace(decided, verdict=replace(decided.verdict, caveats=())))
    assert "<ul" not in plain


def test_figures_that_do_not_need_a_judge_stand_below() -> None:
    said = words(verdict.figures_of(examples.decided()))
    assert "Exactly the reference answer 18 of 24 base 1 of 24" in said
    assert "Both bad 0 of 24" in said and "Length 1.5 ×" in said
    unknown = examples.decided()
    assert "Length –" in words(
        verdict.figures_of(replace(unknown, verdict=replace(unknown.verdict, length_ratio=None)))
    )


def test_examples_show_both_answers_beside_the_reference_and_the_comment() -> None:
    decided = examples.decided()
    said = words(verdict.section("Where the fine-tuned answer won", decided.wins))
    assert said == (
        "Where the fine-tuned answer won Where is my parcel? Fine-tuned category: delivery Base I do not know. "
        "Reference from the data category: delivery A rater wrote: Clear."
    )
    assert verdict.section("Where both were bad", ()) == ""
    assert "A rater wrote" not in verdict.section("", decided.losses)


def test_who_wants_to_check_finds_every_figure() -> None:
    decided = examples.decided()
    said = words(verdict.details_table(decided))
    for figure in ("Evidence that the fine-tuned model is better", "Wilson, Clopper–Pearson", "sign test; trinomial"):
        assert figure in said
    assert "Prompts on which both models said the same 2" in said and decided.study.protocol in said
    both = replace(decided.verdict, agreement=Agreement(prompts=8, same=7, alpha=0.8))
    assert "7 of 8 prompts that more than one person rated were judged alike." in words(verdict.agreement(both))
    assert verdict.agreement(decided.verdict) == ""


def test_the_screen_is_in_reading_order() -> None:
    page, whole, picture, figures, read, details = verdict.view(examples.decided())
    assert "Verdict" in words(page) and whole.visible
    assert set(picture) == {"figure", "words"}
    assert "Exactly the reference" in words(figures) and "won" in words(read) and "Protocol" in words(details)


def test_a_verdict_without_examples_says_so() -> None:
    read = verdict.view(replace(examples.decided(), wins=(), losses=(), both_bad=()))[4]
    assert words(read) == "There is nothing to show."

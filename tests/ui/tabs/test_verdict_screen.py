"""Verdict: the headline first, then everything needed to check it, and what can be done with it."""

from typing import Any

import pytest

from studio.domain.gate import Speed
from studio.domain.gate_result import GateResult
from studio.domain.job import JobKind, JobState
from studio.domain.protocol import Opponent, Rival
from studio.domain.study import Link, LinkKind, StudyState
from studio.domain.verdict import Decision
from studio.flows import report
from studio.flows.lights import Judging
from studio.flows.preferences import LeftOut, Pairs
from studio.ui.deciding import addresses, judging, pairs
from studio.ui.tabs import verdict
from studio.verdict.gates.results import nothing
from tests.ui import examples
from tests.ui.markup import attributes, tags, words

ALL = tuple(Rival)


@pytest.mark.parametrize(
    ("decision", "headline", "tone"),
    [
        (Decision.SHIP, "Ship it.", "v-good"),
        (Decision.DONT_SHIP, "Don't ship it.", "v-bad"),
        (Decision.NOT_YET, "Not yet.", "v-warning"),
    ],
)
def test_the_decision_is_the_only_large_heading_and_has_its_colour(decision, headline: str, tone: str) -> None:
    page = report.body(examples.report(decision=decision, headline=headline), "conclusion")
    assert headline in words(page) and tags(page).count("h1") == 1
    assert f"v-part v-conclusion {tone}" in attributes(page, "class")


def test_somebody_who_decided_otherwise_is_named_with_the_reason_and_no_green() -> None:
    told = examples.report(is_overridden=True, headline="Ann decided: Ship it.", override="Reason given: a trial.")
    page = report.body(told, "conclusion")
    assert "Ann decided: Ship it. Reason given: a trial." in words(page)
    assert "v-part v-conclusion v-warning" in attributes(page, "class")


def test_each_opponent_has_a_band_that_can_be_read_aloud() -> None:
    page = report.body(examples.report(rivals=ALL), "conclusion")
    assert attributes(page, "role") == ["img"] * 3 and attributes(page, "aria-label") == ["Preferred."] * 3
    assert "left:58.0%;width:39.0%" in attributes(page, "style") and "left:55.0%" in attributes(page, "style")


def test_gates_are_lights_with_a_sign_a_word_and_a_sentence() -> None:
    said = words(report.body(examples.report(), "conclusion"))
    assert "✓ green Speed As quick as the base." in said and "✕ red Format shown only Broken." in said
    assert "people alone decided" in words(report.body(examples.report(lamps=()), "conclusion"))


def test_where_it_is_worse_the_blind_agreement_and_caveats_stand_beside_the_conclusion() -> None:
    said = words(report.body(examples.report(warnings=("Equal answers.",)), "conclusion"))
    for told in ("Worse on “refunds”", "The blind held.", "8 of 9 pairs", "Only one person rated.", "▲ Equal answers."):
        assert told in said


def test_wins_and_losses_are_read_against_one_opponent_or_all() -> None:
    told = examples.report(rivals=ALL)
    assert words(report.body(told, "examples")).count("Where is my parcel?") == 3
    one = words(report.body(told, "examples", opponent="prompt"))
    assert one.count("Where is my parcel?") == 1 and "with its best prompt" in one
    assert "A rater wrote: Clear." in one and "Reference from the data category: delivery" in one
    assert "nothing to read" in words(report.body(examples.report(chapters=()), "examples"))


def test_what_was_done_the_licence_and_every_number_can_be_opened() -> None:
    told = examples.report()
    assert "Judged by Ann (24 judged)" in words(report.body(told, "method"))
    assert "Licence Apache 2.0: commercial use allowed." in words(report.body(told, "method"))
    assert "Evidence for better 812.00 to 1" in words(report.body(told, "details"))


def test_the_screen_is_in_reading_order_and_offers_a_filter_only_for_several_opponents() -> None:
    study = examples.study(state=StudyState.CLOSED)
    conclusion, whole, one, read, method, details, files = verdict.view(examples.report(), study, gates="<p>Gates</p>")
    assert "Ship it." in words(conclusion) and whole.visible and not one.visible
    assert "Where is my parcel?" in words(read) and "Licence" in words(method) and details.startswith("<p>Gates</p>")
    assert attributes(files, "href") == [
        "/report/study-1",
        "/download/report/study-1.html",
        "/download/report/study-1.pdf",
        "/download/votes/study-1.csv",
        "/download/votes/study-1.jsonl",
    ]
    three = (Opponent(Rival.BASE), Opponent(Rival.PROMPT, "Be kind."), Opponent(Rival.FEW_SHOT, examples=("row",)))
    several = examples.study(state=StudyState.CLOSED, frozen=examples.protocol(opponents=three))
    filter_ = verdict.view(examples.report(rivals=ALL), several)[2]
    assert filter_.visible and [value for _, value in filter_.choices] == ["", "base", "prompt", "few_shot"]


def test_before_the_rating_is_closed_it_says_what_is_missing_and_no_score() -> None:
    open_study = examples.study()
    judging = words(verdict.missing(open_study, examples.far(rated=6, total=24)))
    assert "6 of 24 pairs are judged" in judging and "hidden" in judging
    assert "Close the rating on Compare" in words(verdict.missing(open_study, examples.far(rated=24, total=24)))
    assert "not all written" in words(verdict.missing(examples.study(state=StudyState.WRITING), examples.far()))


def test_where_writing_the_answers_broke_off_it_says_why_and_leads_to_compare() -> None:
    job = examples.job(kind=JobKind.GENERATE, state=JobState.INTERRUPTED, message="It was <b>killed</b>.")
    broken = examples.study(state=StudyState.WRITING, job=job)
    drawn = verdict.missing(broken, examples.far())
    assert "It was <b>killed</b>." in words(drawn) and attributes(drawn, "href") == ["#compare"]


SPEED = Speed()
KNOWN = nothing("speed", is_required=True, why="It was stopped.")


def far(state: JobState, *, results: tuple[GateResult | None, ...] = (None, None), **values: Any) -> Judging:
    job = examples.job(kind=JobKind.GATES, state=state, **values)
    unknown = tuple(gate for gate, each in zip((SPEED, SPEED), results, strict=True) if each is None)
    return Judging((SPEED, SPEED), results, unknown, job)


def test_while_gates_are_judged_it_says_so_with_the_time_left_and_it_can_be_stopped() -> None:
    page, stop, go_on, timer = judging.view(
        far(JobState.RUNNING, results=(KNOWN, None), phase="Speed: 20 of 80 queries", seconds_left=90.0)
    )
    said = words(page.value)
    assert "The gates are being judged: 1 of 2 are known. Until all are, nobody can say “ship”." in said
    assert "Now: Speed: 20 of 80 queries. about 1 min 30 s left" in said
    assert (stop.visible, go_on.visible, timer.active) == (True, False, True)
    assert "They wait for their turn." in words(judging.view(far(JobState.QUEUED))[0].value)


def test_gates_that_could_not_be_judged_say_why_and_can_be_judged_again() -> None:
    page, stop, go_on, timer = judging.view(far(JobState.FAILED, message="1 of 2 gates <b>.", fix="Mend that."))
    assert "✕ The gates are not all judged: 0 of 2 are known." in words(page.value)
    assert "1 of 2 gates <b>. Mend that." in words(page.value)
    assert (stop.visible, go_on.visible, timer.active) == (False, True, False)
    known = judging.view(far(JobState.DONE, results=(KNOWN, KNOWN)))
    assert [part.visible for part in known[:3]] == [False] * 3 and not known[3].active


def test_an_address_can_be_opened_copied_and_taken_back_and_then_is_gone_from_the_list() -> None:
    link = Link("link-1", "study-1", LinkKind.VERDICT, "secret", "The board", examples.AT)
    page = addresses.listed([link])
    assert attributes(page, "href") == ["/verdict/secret"] and attributes(page, "data-act") == ["copy", "revoke"]
    gone = addresses.listed([Link("link-1", "study-1", LinkKind.VERDICT, "secret", "", examples.AT, examples.AT)])
    assert "taken back" in words(gone) and "secret" not in gone and "button" not in tags(gone)
    assert "Nobody but you" in words(addresses.listed([]))
    assert "confirm(" in addresses.PRESS


def test_what_becomes_of_the_test_prompts_is_said_before_the_votes_become_data() -> None:
    made = Pairs("votes", ({"prompt": []},), {LeftOut.DISAGREE: 2}, 1)
    told, consent, press = pairs.view(made)
    assert "1 pair of a better and a worse answer; left out: 2 raters disagree." in words(told)
    assert "1 sealed test prompt of this comparison becomes training data" in words(told)
    assert consent.visible and consent.value is False and press.visible
    none = pairs.view(Pairs("votes", (), {LeftOut.EQUAL: 3}, 0))
    assert "No vote says" in words(none[0]) and not none[2].visible

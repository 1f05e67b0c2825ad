"""Compare: where a comparison is, and never who leads."""

import re
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from studio.domain.job import JobState
from studio.domain.protocol import Opponent, Rival
from studio.domain.row import Message
from studio.domain.sampling import Sampling
from studio.domain.study import Choice, Study, StudyState
from studio.flows import judge
from studio.flows.compare import StudyProgress
from studio.flows.draft import Draft, Wanted
from studio.flows.studio import open_studio
from studio.ui.comparing import words as said
from studio.ui.tabs import compare
from tests.store.examples import Examples
from tests.ui import examples
from tests.ui.markup import attributes, words

NAMES = [field.name for field in fields(compare.Screen)]
LEAD = re.compile(r"\b(lead|leads|leading|wins?|won|ahead|preferred so far|score is|better so far|loses?|lost)\b", re.I)
STATES = [
    (StudyState.WRITING, JobState.QUEUED, 0),
    (StudyState.WRITING, JobState.RUNNING, 0),
    (StudyState.WRITING, JobState.STOPPED, 0),
    (StudyState.WRITING, JobState.INTERRUPTED, 0),
    (StudyState.FAILED, JobState.FAILED, 0),
    (StudyState.OPEN, JobState.DONE, 0),
    (StudyState.OPEN, JobState.DONE, 6),
    (StudyState.OPEN, JobState.DONE, 24),
    (StudyState.CLOSED, JobState.DONE, 24),
]


def view(
    chosen: Study | None, progress: StudyProgress | None = None, *, sealed: int = 60, arriving: bool = True
) -> dict[str, Any]:
    every = [chosen] if chosen else []
    listed = compare.view(every, chosen, progress or examples.far(), sealed=sealed, name="triage-1", arriving=arriving)
    return dict(zip(NAMES, listed, strict=True))


def buttons(parts: dict[str, Any]) -> list[str]:
    return [name for name in ("stop", "again", "close") if parts[name].visible]


def test_without_a_comparison_one_can_be_made() -> None:
    parts = view(None)
    assert parts["maker"].visible and parts["maker"].open
    assert not parts["opened"].visible and not parts["timer"].active
    assert "60 test rows of triage-1 are sealed." in words(parts["situation"])
    assert "too few for a verdict" in words(view(None, sealed=12)["situation"])
    assert buttons(parts) == [] and parts["study"] is None
    assert "was compared before" in words(said.sealed(60, "triage-1", is_opened=True))
    assert "too few for a verdict" in words(said.sealed(12, "triage-1", is_opened=True))


def test_beside_a_comparison_another_one_can_be_made() -> None:
    arriving, later = view(examples.study()), view(examples.study(), arriving=False)
    assert arriving["maker"].visible and not arriving["maker"].open
    assert later["maker"].visible and "open" not in later["maker"].constructor_args, "it stays as its reader has it"


def test_without_a_run_there_is_only_the_next_step() -> None:
    parts = dict(zip(NAMES, compare.nothing(compare.EMPTY), strict=True))
    assert "Nothing to compare yet. Train a model first" in words(parts["situation"])
    assert not parts["maker"].visible and not parts["timer"].active and buttons(parts) == []


@pytest.mark.parametrize(
    ("state", "job_state", "rated", "expected", "ticks"),
    [
        (*STATES[0], ["stop"], True),
        (*STATES[1], ["stop"], True),
        (*STATES[2], ["again"], False),
        (*STATES[3], ["again"], False),
        (*STATES[4], ["again"], False),
        (*STATES[5], [], True),
        (*STATES[6], ["close"], True),
        (*STATES[7], ["close"], True),
        (*STATES[8], [], False),
    ],
)
def test_each_state_offers_what_can_be_done_in_it(
    state: StudyState, job_state: JobState, rated: int, expected: list[str], ticks: bool
) -> None:
    parts = view(examples.study(state=state, job_state=job_state), examples.far(rated=rated))
    assert buttons(parts) == expected
    assert parts["timer"].active is ticks
    assert bool(parts["rate"]) is (state is StudyState.OPEN)
    assert parts["study"] == "study-1"


@pytest.mark.parametrize(("state", "job_state", "rated"), STATES)
def test_no_state_says_who_leads(state: StudyState, job_state: JobState, rated: int) -> None:
    parts = view(examples.study(state=state, job_state=job_state), examples.far(rated=rated))
    page = " ".join(words(str(parts[name])) for name in ("situation", "progress", "rate"))
    assert not LEAD.search(page), page
    assert "%" not in page


def test_while_people_rate_only_their_number_is_shown() -> None:
    parts = view(examples.study(), examples.far(rated=6, raters=2))
    assert words(parts["progress"]) == "6 of 24 pairs rated 2 raters"
    assert words(parts["situation"]).startswith("● Open for rating.")
    assert "Everything has been rated." in words(view(examples.study(), examples.far(rated=24))["situation"])
    once = words(view(examples.study(), replace(examples.far(rated=24), twice=6, again=5))["situation"])
    assert "Every pair has been rated. 1 second rating by another person is missing." in once


@pytest.mark.parametrize("state", [StudyState.WRITING, StudyState.FAILED])
def test_halted_answers_say_why(state: StudyState) -> None:
    job = examples.job(state=JobState.INTERRUPTED, message="The worker was killed.", fix="Write the rest.")
    told = words(view(examples.study(state=state, job=job))["situation"])
    assert "The answers were not all written. The worker was killed. Write the rest." in told


def test_the_link_for_raters_holds_a_token_and_no_id() -> None:
    link = said.rate_link("a-token")
    assert attributes(link, "href") == ["/rate/?t=a-token"]
    assert "study-1" not in link and "run-1" not in link


def test_what_was_frozen_is_listed_without_a_seed_of_the_sides() -> None:
    told = words(said.frozen(examples.study()))
    assert "Prompts 24, all of them sealed test rows" in told and "checkpoint of step 40" in told
    assert "preferred to the base model in more than 55 % of the ratings with a preference" in told
    assert "at least 40 to 1" in told and "opened for the first time" in told
    assert examples.study().fingerprint in told and str(2**47 + 1) not in told
    two = examples.protocol(opponents=(Opponent(Rival.BASE), Opponent(Rival.FEW_SHOT)))
    assert "Prompts 24 against each opponent, all of them" in words(said.frozen(examples.study(frozen=two)))
    warm = examples.study(frozen=examples.protocol(sampling=Sampling(temperature=0.7, seed=3)))
    assert "temperature 0.7, seed 3" in words(said.frozen(warm))


def test_every_contestant_is_told_as_it_was_asked() -> None:
    told = (Opponent(Rival.PROMPT, "Be <b>brief</b>."), Opponent(Rival.FEW_SHOT, examples=("key",)))
    shown = ((Message("user", "Where?"), Message("assistant", "Here.")),)
    page = said.frozen(examples.study(frozen=examples.protocol(opponents=told, opening=3)), shown)
    assert "&lt;b&gt;brief" in page and "<b>brief" not in page
    assert "Where?" in page and "Here." in page and "The 1 example in the prompt" in words(page)
    assert "opened for the 3rd time" in words(page) and "160 to 1" in words(page)


def test_what_training_did_not_change_is_said_loudly() -> None:
    def told(identical: int) -> str:
        done = examples.job(state=JobState.DONE, result={"identical": identical, "compared": 24})
        return words(said.identical(examples.study(job=done)))

    assert told(0) == told(11) == ""
    assert "12 of 24 fine-tuned answers equal the base model's." in told(12)
    assert "All 24 fine-tuned answers equal" in told(24)


def test_answers_that_were_cut_off_or_are_empty_are_told_before_anybody_rates() -> None:
    counts = {"base": {"cut": 9, "empty": 7, "of": 24}, "tuned": {"cut": 1, "empty": 0, "of": 24}}
    done = examples.job(state=JobState.DONE, result={"unfinished": counts})
    told = words(view(examples.study(job=done))["situation"])
    assert "the base model 9 of 24 cut off, 7 empty; the fine-tuned model 1 of 24 cut off, 0 empty." in told
    assert "more than 160 tokens" in told
    assert "came to its end" not in words(view(examples.study())["situation"])


def test_thoughts_that_nobody_sees_are_counted() -> None:
    told = [
        words(view(examples.study(job=examples.job(state=JobState.DONE, result=result)))["situation"])
        for result in ({"answers": 48, "thought": 0}, {"answers": 48, "thought": 21})
    ]
    assert "thoughts" not in told[0] and "21 of 48 answers began with thoughts." in told[1]


def test_a_draft_says_its_work_its_bar_and_what_stands_against_it() -> None:
    made = Draft(examples.run(), examples.KEPT[0], Wanted(), examples.protocol(opening=2), (), 24, 0)
    told = words(said.draft(made, checkpoints=2))
    assert (
        "Ratings 24 one for each of 24 pairs" in told
        and "about 12 min" in told
        and "80 to 1 these prompts were opened once before" in told
    )
    assert "80 to 1 in the first, then 160 to 1." in told and "cannot say that training beats what costs less" in told
    wrong = replace(made, protocol=replace(made.protocol, cap=99, margin=0.7))
    assert words(said.draft(wrong)).count("✕") == 2 and "Margin:" in words(said.draft(wrong))


def test_nothing_is_sent_while_nothing_has_happened(tmp_path: Path) -> None:
    studio = open_studio(tmp_path / "workspace")
    study = Examples(studio.store).open_study(prompts=2)
    first = compare.follow(studio, study.run_id, study.id, None)
    again = compare.follow(studio, study.run_id, study.id, first[-1])
    assert again == [*[gr.skip()] * len(NAMES), first[-1]]
    rater = Examples(studio.store).rater(study)
    card = judge.next_card(studio, rater.token)
    assert card is not None
    judge.rate(studio, rater.token, card.id, Choice.TIE)
    after = compare.follow(studio, study.run_id, study.id, again[-1])
    assert after[0] != gr.skip() and after[-1] != again[-1]
    studio.store.close()


def test_the_form_is_made_ready_once_for_each_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    studio = open_studio(tmp_path / "workspace")
    study = Examples(studio.store).open_study(prompts=2)
    monkeypatch.setattr(compare.train, "run", lambda *_: examples.run(state=JobState.DONE))
    monkeypatch.setattr(compare.train, "checkpoints", lambda *_: ["one"])
    monkeypatch.setattr(compare.asking, "sealed_rows", lambda *_: range(60))
    monkeypatch.setattr(compare.asking, "sealed_asks", lambda *_: range(60))
    monkeypatch.setattr(compare.form, "ready", lambda *_: ["ready", "too"])
    arriving = compare.show(studio, 2, study.run_id, study.id, None)
    assert arriving[len(NAMES) :] == ["ready", "too", study.run_id]
    late = compare.show(studio, 2, study.run_id, study.id, arriving[-1])
    assert late[len(NAMES) :] == [gr.skip(), gr.skip(), study.run_id], "what somebody filled in meanwhile stays"
    assert compare.show(studio, 2, study.run_id, study.id, "another run")[len(NAMES) :] == arriving[len(NAMES) :]
    studio.store.close()


def test_a_comparison_whose_writing_broke_off_says_so_first_in_the_list() -> None:
    stopped = examples.study(state=StudyState.WRITING, job_state=JobState.STOPPED)
    live = examples.study(state=StudyState.WRITING, job_state=JobState.RUNNING)
    assert compare._label(stopped)[0].startswith("answers are missing · 24 prompts, 1 opponent")
    assert compare._label(live)[0].startswith("answers being written · ")


def test_ratings_and_second_ratings_are_told_so_that_they_add_up_to_what_raters_see() -> None:
    far = replace(examples_far(), rated=76, total=76, again=9, twice=18)
    told = said.progress(examples.study(), far)
    assert "76 of 76 pairs rated, 9 of 18 a second time" in words(told)
    assert attributes(told, "aria-valuenow") == ["90"]


def examples_far() -> StudyProgress:
    return StudyProgress(rated=0, total=24, raters=1, job=examples.job())

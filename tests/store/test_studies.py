"""A study is frozen once made; its answers are put in once, and links to it can be taken away."""

from dataclasses import replace
from datetime import timedelta

import pytest

from studio.domain.errors import StudyError
from studio.domain.job import JobKind, JobState
from studio.domain.protocol import Rival
from studio.domain.ruling import Override
from studio.domain.sampling import Sampling
from studio.domain.study import Answer, LinkKind, StudyState
from studio.domain.verdict import Decision
from studio.store import jobs, links, studies
from studio.store.database import Store
from tests.store.examples import NOON, Examples, ask, written


def test_a_new_study_waits_for_its_answers(store: Store, examples: Examples):
    study = examples.study(prompts=3, rivals=(Rival.BASE, Rival.PROMPT))
    assert studies.get(store, study.id) == study
    assert (study.state, study.seed, study.closed_at) == (StudyState.WRITING, 2**47 + 1, None)
    assert study.contestants == ("tuned", "base", "prompt")
    assert study.protocol.sampling == Sampling(max_new_tokens=80)
    assert (study.job.kind, study.job.subject_id) == (JobKind.GENERATE, study.id)


def test_its_protocol_comes_back_as_it_was_frozen(store: Store, examples: Examples):
    rivals = (Rival.BASE, Rival.PROMPT)
    gates = ({"kind": "exact", "is_required": True, "at_least": 0.5},)
    study = examples.study(rivals=rivals, rubric="Kind first.", margin=0.1, gates=gates, opening=3)
    kept = studies.get(store, study.id)
    assert kept.protocol.fingerprint == kept.fingerprint == study.protocol.fingerprint
    assert (kept.protocol.rubric, kept.protocol.opening, kept.protocol.gates) == ("Kind first.", 3, gates)


def test_its_prompts_are_frozen_in_their_order(store: Store, examples: Examples):
    study = examples.study(prompts=3)
    assert studies.asks(store, study.id) == [ask(0), ask(1), ask(2)]


def test_the_same_key_is_the_same_study(store: Store, examples: Examples):
    run = examples.run()
    first = examples.study(run=run, key="click-1")
    assert examples.study(run=run, key="click-1") == first
    assert len(studies.all(store)) == len(links.all(store, first.id)) == 1


def test_studies_are_listed_with_the_newest_first_of_all_runs_or_of_one(store: Store, examples: Examples):
    run, other = examples.run(), examples.run()
    made = [examples.study(run=each).id for each in (run, other, run)]
    assert [study.id for study in studies.all(store)] == made[::-1]
    assert [study.id for study in studies.all(store, run_id=run.id)] == [made[2], made[0]]


def test_every_study_that_was_frozen_is_told_in_its_order_with_what_it_asks(store: Store, examples: Examples):
    made = [examples.study(prompts=number) for number in (1, 2)]
    assert studies.frozen(store) == [study.id for study in made]
    assert [[each.key for each in studies.asks(store, one)] for one in studies.frozen(store)] == [
        ["key-0"], ["key-0", "key-1"]
    ]  # fmt: skip


def test_an_unknown_study_is_named(store: Store):
    with pytest.raises(StudyError, match="no comparison called study-0"):
        studies.get(store, "study-0")


def test_a_study_whose_answers_could_not_be_written_has_failed_until_it_goes_on(store: Store, examples: Examples):
    study = examples.study()
    examples.finish(study.job.id, to=JobState.FAILED, message="No memory.")
    assert studies.get(store, study.id).state is StudyState.FAILED
    jobs.requeue(store, study.job.id)
    assert studies.get(store, study.id).state is StudyState.WRITING


def test_the_rating_opens_with_the_answers_word_for_word_and_their_proof(store: Store, examples: Examples):
    study = examples.study(prompts=1)
    odd = "line\n\x00 \ud800 ünï 模型"
    base = Answer("key-0", "base", odd, 7, True, identity={"model": "starter", "adapter_on": False})
    tuned = Answer("key-0", "tuned", "", identity={"adapter_on": True})
    other = Answer("general-01", "base", "Hello.", set="general")
    assert studies.set_answers(store, study.id, [base, tuned, other]).state is StudyState.OPEN
    assert studies.answers(store, study.id) == {("key-0", "base"): base, ("key-0", "tuned"): tuned}
    assert studies.answers(store, study.id, set="general") == {("general-01", "base"): other}


def test_it_does_not_open_while_one_contestant_lacks_an_answer(store: Store, examples: Examples):
    study = examples.study(prompts=3, rivals=(Rival.BASE, Rival.PROMPT))
    missing = [answer for answer in written(study) if (answer.key, answer.contestant) != ("key-1", "prompt")]
    with pytest.raises(StudyError, match="1 of 3 prompts have no answers yet"):
        studies.set_answers(store, study.id, missing)
    assert studies.get(store, study.id).state is StudyState.WRITING
    assert studies.answers(store, study.id) == {}


def test_answers_never_change_once_people_may_rate(store: Store, examples: Examples):
    study = examples.open_study(prompts=1)
    studies.set_answers(store, study.id, [replace(answer, text="better") for answer in written(study)])
    assert studies.answers(store, study.id)["key-0", "base"].text == "base 0"


def test_nobody_closes_before_the_answers_are_there(store: Store, examples: Examples):
    with pytest.raises(StudyError, match="not all written"):
        studies.close(store, examples.study().id, at=NOON)


def test_a_closed_study_keeps_the_time_of_its_closing(store: Store, examples: Examples):
    study = examples.open_study()
    studies.close(store, study.id, at=NOON)
    closed = studies.close(store, study.id, at=NOON + timedelta(days=1))
    assert (closed.state, closed.closed_at) == (StudyState.CLOSED, NOON)


def test_overrides_stay_on_record_with_the_newest_last(store: Store, examples: Examples):
    study = examples.open_study()
    given = [Override(decision, "Because I say so.", "Ann", NOON) for decision in (Decision.SHIP, Decision.DONT_SHIP)]
    for each in given:
        studies.override(store, study.id, each)
    assert studies.overrides(store, study.id) == given


def test_a_link_leads_to_its_study_until_it_is_taken_back(store: Store, examples: Examples):
    study = examples.study()
    rater = examples.rater(study)
    assert links.by_token(store, rater.token, LinkKind.RATER) == rater
    for token, kind in ((rater.token[:-1], LinkKind.RATER), (rater.token, LinkKind.VERDICT)):
        with pytest.raises(StudyError, match="leads to no comparison"):
            links.by_token(store, token, kind)
    links.revoke(store, rater.id, at=NOON)
    with pytest.raises(StudyError, match="was taken back"):
        links.by_token(store, rater.token, LinkKind.RATER)
    links.revoke(store, rater.id, at=NOON + timedelta(days=1))
    assert [link.revoked_at for link in links.all(store, study.id, LinkKind.RATER)] == [NOON]

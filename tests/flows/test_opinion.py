"""A judge's opinion on a closed study: announced first, measured against people, and never the verdict."""

import json
from collections.abc import Callable, Iterator

import pytest
from typer.testing import CliRunner

from studio.cli.main import app
from studio.domain.errors import StudyError
from studio.domain.event import EventKind
from studio.domain.job import Job, JobKind, JobState
from studio.domain.judge import DEFAULT_KEY, LocalJudge, endpoint
from studio.domain.study import Choice, Study
from studio.engine.opinion import opinion as asked
from studio.flows import compare, decide, opinion, report
from studio.flows.studio import Studio
from studio.store import jobs, studies
from studio.ui.comparing import opinion as panel
from tests.flows.conftest import for_base, for_tuned
from tests.judge import KEY, Bench, bench, first_answer
from tests.ui.markup import words

ANSWERS = {"tuned": "good {}".format, "base": "bad {}".format}


class Deaf:
    """A reporter to nobody."""

    def report(self, kind: EventKind, **data: object) -> None:
        pass

    def should_stop(self) -> bool:
        return False


@pytest.fixture
def judge(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setenv(DEFAULT_KEY, KEY)
    with bench() as kept:
        yield kept


@pytest.fixture
def closed(quiet: Studio, opened: Callable[..., Study], judge_all: Callable[..., None]) -> Study:
    """Ten prompts, of which people prefer the fine-tuned answer to every one, and nobody knows why but we."""
    study = opened(prompts=10, twice=1.0, **ANSWERS)
    for rater in ("anneliese", "bobadilla"):
        judge_all(study, for_tuned, rater=rater)
    return compare.close(quiet, study.id)


def carried_out(studio: Studio) -> Job:
    """What a worker would do, in this process."""
    claimed = jobs.claim(studio.store, kinds=[JobKind.OPINION])
    assert claimed is not None
    job, spec = claimed
    outcome = asked(spec, Deaf())
    jobs.move(
        studio.store, job.id, attempt=job.attempt, to=JobState(outcome.state), message=outcome.message, fix=outcome.fix
    )
    return jobs.get(studio.store, job.id)


def test_a_judge_says_what_people_said_and_the_verdict_stays_what_it_was(quiet: Studio, closed: Study, judge: Bench):
    before = decide.verdict(quiet, closed.id).ruling
    chosen = endpoint(judge.base, "large", price_in=1.0, price_out=10.0)
    told = opinion.announce(quiet, closed.id, chosen)
    assert told.requests == 20 and not judge.asked, "it is announced before anything is asked"
    opinion.start(quiet, closed.id, chosen)
    assert carried_out(quiet).state is JobState.DONE
    (advice,) = opinion.opinion(quiet, closed.id)
    assert (advice.tally.tuned, advice.tally.other, advice.tally.failed, advice.tally.consistency) == (10, 0, 0, 1.0)
    assert (advice.alike.prompts, advice.alike.same, advice.alike.people, advice.alike.people_same) == (10, 10, 10, 10)
    assert advice.is_reliable and advice.cost == pytest.approx(20 * (700 * 1 + 60 * 10) / 1e6)
    assert decide.verdict(quiet, closed.id).ruling == before


def test_a_judge_that_says_otherwise_than_people_is_shown_to_be_unreliable(
    quiet: Studio, opened: Callable[..., Study], judge_all: Callable[..., None], judge: Bench
):
    study = opened(prompts=10, twice=1.0, **ANSWERS)
    for rater in ("anneliese", "bobadilla"):
        judge_all(study, for_base, rater=rater)
    compare.close(quiet, study.id)
    opinion.start(quiet, study.id, endpoint(judge.base, "large"))
    carried_out(quiet)
    (advice,) = opinion.opinion(quiet, study.id)
    assert (advice.tally.tuned, advice.alike.same) == (10, 0)
    assert advice.reliability.startswith("Unreliable for this task") and not advice.is_reliable


def test_nobody_can_ask_a_judge_or_read_one_while_people_rate(
    quiet: Studio, opened: Callable[..., Study], judge: Bench
):
    study, chosen = opened(prompts=2, **ANSWERS), endpoint(judge.base, "large")
    for act in (
        lambda: opinion.announce(quiet, study.id, chosen),
        lambda: opinion.start(quiet, study.id, chosen),
        lambda: opinion.opinion(quiet, study.id),
    ):
        with pytest.raises(StudyError, match="People are still rating"):
            act()
    assert jobs.claim(quiet.store, kinds=[JobKind.OPINION]) is None


def test_what_a_judge_is_sent_holds_no_name_no_vote_and_no_side(quiet: Studio, closed: Study, judge: Bench):
    opinion.start(quiet, closed.id, endpoint(judge.base, "large"))
    carried_out(quiet)
    sent = json.dumps([question.question for question in judge.asked])
    for word in (
        "anneliese",
        "bobadilla",
        "tuned",
        "base",
        closed.id,
        closed.run_id,
        *[ask.key for ask in studies.asks(quiet.store, closed.id)],
    ):
        assert word not in sent
    assert sum("good" in first_answer(question.text) for question in judge.asked) == 10, "each answer stands first once"


def test_the_key_is_kept_nowhere(quiet: Studio, closed: Study, judge: Bench):
    opinion.start(quiet, closed.id, endpoint(judge.base, "large"))
    carried_out(quiet)
    assert judge.asked[0].key == f"Bearer {KEY}"
    kept = [path for path in quiet.workspace.root.rglob("*") if path.is_file()]
    assert not [path for path in kept if KEY.encode() in path.read_bytes()]


def test_asked_again_the_same_judge_goes_on_and_another_begins_anew(quiet: Studio, closed: Study, judge: Bench):
    chosen = endpoint(judge.base, "large")
    first = opinion.start(quiet, closed.id, chosen)
    opinion.stop(quiet, first.id)
    assert jobs.get(quiet.store, first.id).state is JobState.STOPPED
    assert opinion.go_on(quiet, closed.id, first.id).id == first.id
    assert carried_out(quiet).state is JobState.DONE
    assert opinion.start(quiet, closed.id, chosen).id == first.id and len(judge.asked) == 20
    other = opinion.start(quiet, closed.id, endpoint(judge.base, "small"))
    assert other.id != first.id
    assert [advice.judge.model for advice in opinion.opinion(quiet, closed.id)] == ["small", "large"]


def test_what_a_judge_left_unanswered_is_asked_again_alone_and_announced_first(
    quiet: Studio, closed: Study, judge: Bench, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("studio.engine.endpoint.PATIENCE", 1)
    chosen = endpoint(judge.base, "large", price_in=1.0, price_out=10.0)
    first = opinion.start(quiet, closed.id, chosen)
    judge.does()
    for _ in range(2):  # of two pairs, each in the one order
        judge.does(status=503, first="good")
    assert carried_out(quiet).state is JobState.DONE
    (advice,) = opinion.opinion(quiet, closed.id)
    assert (advice.unanswered, advice.tally.failed_replies) == (2, 2)
    whole, left = len(judge.asked), opinion.announce(quiet, closed.id, chosen)
    assert left.requests == 2 and "is asked 2 times: " in left.sentences[0] and "gave no reply" in left.sentences[0]
    assert left.cost and left.cost[1] < 0.2 * 20 * 1500 * 10 / 1e6, "what it costs is that of the two alone"
    _, _, press, _ = panel.view([advice])
    assert press.visible and press.value == "Ask again for the 2 unanswered"
    announced, ask, agreed, *_ = panel.resume(quiet, closed.id)
    assert "2 questions to large" in words(announced) and ask.visible and len(judge.asked) == whole
    panel.start(quiet, closed.id, agreed)
    assert carried_out(quiet).state is JobState.DONE and len(judge.asked) == whole + 2
    (advice,) = opinion.opinion(quiet, closed.id)
    assert (advice.unanswered, advice.tally.failed_replies, advice.tally.tuned) == (0, 0, 10)
    assert advice.id != first.id and opinion.announce(quiet, closed.id, chosen).requests == 0
    assert opinion.to_ask_again([advice]) is None
    assert opinion.announce(quiet, closed.id, chosen).sentences == (f"Nothing is left to ask {chosen.title}.",)


def test_what_a_model_says_stands_on_the_details_page_as_advice_without_where_it_is(
    quiet: Studio, closed: Study, judge: Bench
):
    opinion.start(quiet, closed.id, endpoint(judge.base, "large"))
    carried_out(quiet)
    page = words(report.details_page(quiet, closed.id))
    assert "A model's opinion, as advice: large" in page and "never turns the verdict" in page
    assert "preferred the fine-tuned model in 10 of 10 pairs" in page
    assert "said what a person said in 10 of 10 pairs" in page and "0 of 20" in page and "in both orders" in page
    assert "127.0.0.1" not in page


def test_pairs_with_two_equal_answers_are_not_paid_for(
    quiet: Studio, opened: Callable[..., Study], judge_all: Callable[..., None]
):
    study = opened(prompts=4, base=lambda row: "same", tuned=lambda row: "same")
    judge_all(study, Choice.TIE)
    compare.close(quiet, study.id)
    local = LocalJudge("starter", "/models/starter")
    assert opinion.announce(quiet, study.id, local).requests == 0
    with pytest.raises(StudyError, match="nothing to judge"):
        opinion.start(quiet, study.id, local)


def test_a_model_of_the_workspace_waits_for_the_device_and_an_endpoint_does_not(
    quiet: Studio, closed: Study, judge: Bench
):
    local = opinion.start(quiet, closed.id, opinion.local_judge(quiet, "starter"))
    far = opinion.start(quiet, closed.id, endpoint(judge.base, "large"))
    assert (local.kind, far.kind) == (JobKind.LOCAL_OPINION, JobKind.OPINION)


def test_the_terminal_announces_and_asks_nothing_without_a_yes(
    quiet: Studio, closed: Study, judge: Bench, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("STUDIO_WORKSPACES", str(quiet.workspace.root))
    monkeypatch.setattr("studio.cli.opinion.opened", lambda **_: quiet)
    run = CliRunner().invoke
    named = ["study", "judge", closed.id, "--endpoint", judge.base, "--model", "large"]
    refused = run(app, named, input="n\n")
    assert refused.exit_code == 1 and "is asked 20 times" in refused.output and not judge.asked
    told = json.loads(run(app, [*named, "--json"]).output)
    assert (told["started"], told["announcement"]["requests"]) == (False, 20) and not judge.asked
    monkeypatch.setattr("studio.flows.train.wait", lambda studio, job_id: carried_out(studio))
    said = run(app, [*named, "--yes"])
    assert said.exit_code == 0 and "preferred the fine-tuned model in 10 of 10 pairs" in said.output
    assert "never turns the verdict" in said.output
    (kept,) = json.loads(run(app, ["study", "judge", closed.id, "--json"]).output)
    assert (kept["turns_the_verdict"], kept["tally"]["tuned"]) == (False, 10)
    wrong = run(app, ["study", "judge", closed.id, "--endpoint", "judge.example", "--model", "m", "--json"])
    assert wrong.exit_code == 1 and "is not the address" in json.loads(wrong.output)["error"]["message"]

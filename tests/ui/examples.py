"""Examples of what the screens show; every value can be replaced."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from studio.domain.dataset import Dataset, Guess, Layout, Mapping
from studio.domain.job import Job, JobKind, JobState, Wish
from studio.domain.plan import Choice, Light, Part, Plan
from studio.domain.protocol import Asked, Candidate, Opponent, Protocol, Rival
from studio.domain.recipe import Recipe
from studio.domain.report import Account, Band, Chapter, Figures, Lamp, Line, Report, Told
from studio.domain.row import Message
from studio.domain.ruling import Ruling
from studio.domain.run import Checkpoint, Metric, Run
from studio.domain.study import Card, Study, StudyState
from studio.domain.verdict import Decision, Judged
from studio.flows.compare import StudyProgress
from studio.verdict.ruling import rule

AT = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
PLAN = Plan(
    light=Light.GREEN,
    sentence="Fits: needs about 1.2 GB of 8 GB free.",
    device="CPU, 4 cores",
    train_rows=320,
    validation_rows=40,
    steps=120,
    steps_per_epoch=40,
    rows_read=960,
    accumulation=1,
    tokens=90_000,
    seconds_low=40,
    seconds_high=90,
    memory=(Part("Weights", 800_000_000, "4 bits each"), Part("Activations", 400_000_000, "by row")),
    memory_free=8_000_000_000,
    choices=(Choice("Rows per step", "8", "as asked"),),
    test_rows=41,
)


def job(*, kind: JobKind = JobKind.TRAIN, state: JobState = JobState.RUNNING, **values: Any) -> Job:
    made = Job(
        id="job-1", kind=kind, subject_id="run-1", state=state, wish=Wish.RUN, attempt=1, created_at=AT, started_at=AT
    )
    return replace(made, **values)


def dataset(**values: Any) -> Dataset:
    """A file that was read whole: 40 rows."""
    mapping = Mapping(Layout.PROMPT_COMPLETION, {"prompt": "question", "completion": "reply"})
    made = Dataset(
        id="data-1",
        name="Triage",
        source_name="triage.jsonl",
        created_at=AT,
        state="done",
        job_id="job-1",
        bytes=52_000,
        fingerprint="0123456789abcdef",
        rows=40,
        lines=40,
        guess=Guess(mapping, "It fits every line.", ("question", "reply"), 40, 40),
    )
    return replace(made, **values)


def run(*, state: JobState = JobState.RUNNING, recipe: Recipe | None = None, **values: Any) -> Run:
    """A run on 320 rows; `values` are those of its job."""
    return Run(
        id="run-1",
        name="triage-1",
        dataset_id="data-1",
        split_id="split-1",
        model_id="starter",
        recipe=recipe or Recipe(),
        plan=PLAN,
        created_at=AT,
        job=job(state=state, **values),
    )


POINTS = [Metric(step=step, epoch=step / 40, loss=2.0 - step / 80) for step in range(1, 81)]
CHECKS = [replace(POINTS[39], validation_loss=1.6), replace(POINTS[79], validation_loss=1.7)]
CURVE = [*POINTS[:39], CHECKS[0], *POINTS[40:79], CHECKS[1]]
KEPT = [
    Checkpoint("run-1", 40, 1.0, 1.6, "checkpoints/step-40", "ab" * 32, 4_000_000),
    Checkpoint("run-1", 80, 2.0, 1.7, "checkpoints/step-80", "cd" * 32, 4_000_000),
]


def protocol(**values: Any) -> Protocol:
    """24 sealed prompts against the base model alone."""
    asked = tuple(Asked(f"key-{n:02d}") for n in range(24))
    made = Protocol(
        candidate=Candidate("starter", "ab" * 32),
        opponents=(Opponent(Rival.BASE),),
        prompts=asked,
        criterion="Which answer is better?",
        cap=24,
        twice=0.0,
        identical=0,
    )
    return replace(made, **values)


def study(
    *,
    state: StudyState = StudyState.OPEN,
    job_state: JobState = JobState.DONE,
    frozen: Protocol | None = None,
    **values: Any,
) -> Study:
    seal = frozen or protocol()
    made = Study(
        id="study-1",
        name="triage-1",
        run_id="run-1",
        checkpoint_step=40,
        protocol=seal,
        fingerprint=seal.fingerprint,
        seed=2**47 + 1,
        state=state,
        created_at=AT,
        job=job(kind=JobKind.GENERATE, state=job_state, total=24),
        closed_at=AT if state is StudyState.CLOSED else None,
    )
    return replace(made, **values)


def far(*, rated: int = 6, total: int = 24, raters: int = 1) -> StudyProgress:
    made = job(kind=JobKind.GENERATE, state=JobState.DONE)
    return StudyProgress(rated=rated, total=total, raters=raters, job=made, invitation="a-token")


def card(**values: Any) -> Card:
    made = Card(
        id="card-opaque",
        question="Which answer is better?",
        prompt=(Message("system", "Be brief."), Message("user", "Where is my parcel?")),
        left="It is on its way.",
        right="category: delivery",
        position=3,
        total=24,
        rated=2,
        seconds_left=None,
        together=5,
        needed=30,
    )
    return replace(made, **values)


def ruling(*, tuned: int = 18, base: int = 4, tie: int = 2) -> Ruling:
    """What a closed study shows that `tuned` prompts won and `base` lost."""
    outcomes = ["tuned"] * tuned + ["base"] * base + ["tie"] * tie
    judged = [
        Judged(f"key-{n:02d}", "rater-1", outcome, ("left", "right")[n % 2], 5.0, 90, 60)  # type: ignore[arg-type]
        for n, outcome in enumerate(outcomes)
    ]
    return rule({Rival.BASE: judged}, protocol=protocol(cap=len(outcomes)))


def report(*, rivals: Sequence[Rival] = (Rival.BASE,), **values: Any) -> Report:
    """A model that ships, as it is told."""
    band = Band(
        "the base model", Decision.SHIP, "Ship it.", 0.58, 0.97, 0.82, 0.55, 0.975, "18 won, 4 lost", "Preferred."
    )
    pair = Told("Where is my parcel?", "category: delivery", "I do not know.", "category: delivery", "Clear.", False)
    made = Report(
        name="triage-1",
        about="triage-1 against the base model",
        decision=Decision.SHIP,
        is_overridden=False,
        headline="Ship it.",
        sentence="The fine-tuned model is clearly better than the base model.",
        next_step="Take it to Deliver, and keep the report with it.",
        override="",
        warnings=(),
        bands=tuple(replace(band, title=rival.title) for rival in rivals),
        lamps=(Lamp("Speed", "green", "As quick as the base."), Lamp("Format", "red", "Broken.", is_shown_only=True)),
        exact="Exactly the reference answer: fine-tuned 18 of 24; the base model 1.",
        account=Account((Line("Asked of every model", 26, 2), Line("Judged by people", 22, 2)), "Why they differ."),
        worse=("Worse on “refunds”: people preferred the base model in 9 of 10.",),
        blind=("The blind held.",),
        agreement="8 of 9 pairs were judged alike.",
        caveats=("Only one person rated.",),
        chapters=tuple(Chapter(rival.value, f"Won against {rival.title}", rival.title, (pair,)) for rival in rivals),
        done=(("Judged by", "Ann (24 judged)"),),
        data=(("Licence", "Apache 2.0: commercial use allowed."),),
        figures=(Figures("Against the base model", ("Figure", "Value"), (("Evidence for better", "812.00 to 1"),)),),
    )
    return replace(made, **values)

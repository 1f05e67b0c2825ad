"""Examples of what the store keeps."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from studio.domain.dataset import Dataset
from studio.domain.dealing import Dealt
from studio.domain.event import Event, EventKind
from studio.domain.job import Job, JobKind, JobState
from studio.domain.plan import Choice, Light, Part, Plan
from studio.domain.protocol import Asked, Candidate, Opponent, Protocol, Rival
from studio.domain.recipe import Recipe
from studio.domain.row import Message
from studio.domain.run import Origin, Run
from studio.domain.sampling import Sampling
from studio.domain.split import Bin, Split, SplitChoices
from studio.domain.study import Answer, Ask, Link, LinkKind, Side, Study
from studio.store import cards, datasets, jobs, links, runs, splits, studies
from studio.store.database import Store
from studio.store.ids import new_id

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Examples:
    """Makes what a test needs to be there; every call makes another."""

    store: Store

    def job(self, *, kind: JobKind = JobKind.MEASURE, key: str | None = None) -> Job:
        return jobs.submit(self.store, kind=kind, subject_id="data-1", spec={"rows": [0, 1]}, key=key)

    def running(self) -> Job:
        """A job in its first attempt; the only one that waited."""
        job = self.job()
        claimed = jobs.claim(self.store, kinds=[job.kind])
        assert claimed is not None and claimed[0].id == job.id
        return claimed[0]

    def finish(self, job_id: str, *, to: JobState = JobState.DONE, message: str = "", **result: Any) -> None:
        """Claim the job, as long as no other of its kind waits, and end it."""
        claimed = jobs.claim(self.store, kinds=[jobs.get(self.store, job_id).kind])
        assert claimed is not None and claimed[0].id == job_id
        assert jobs.move(self.store, job_id, attempt=claimed[0].attempt, to=to, message=message, result=result)

    def dataset(self, *, name: str = "Triage") -> Dataset:
        return datasets.add(
            self.store, id=new_id("data"), name=name, source_name="triage.jsonl", bytes=5, spec={"source": "triage"}
        )

    def split(self, dataset_id: str) -> Split:
        bins = (Bin.TRAIN, Bin.TRAIN, Bin.VALIDATION, Bin.TEST, Bin.DUPLICATE, Bin.REMOVED)
        choices = SplitChoices(seed=3, keep={0: 4}, removed=dict.fromkeys([5], "by hand"), by="customer")
        return splits.add(self.store, Split(new_id("split"), dataset_id, choices, bins, {4: 0}))

    def run(
        self,
        *,
        name: str = "triage-1",
        key: str | None = None,
        split: Split | None = None,
        origin: Origin | None = None,
        plan: Plan | None = None,
    ) -> Run:
        split = split or self.split(self.dataset().id)
        return runs.add(
            self.store,
            id=new_id("run"),
            name=name,
            dataset_id=split.dataset_id,
            split_id=split.id,
            model_id="starter",
            recipe=Recipe(rank=32, learning_rate=4e-3),
            plan=plan or PLAN,
            spec={"train": [0, 1]},
            key=key or new_id("key"),
            origin=origin,
        )

    def running_run(self) -> Run:
        run = self.run()
        assert jobs.claim(self.store, kinds=[JobKind.TRAIN]) is not None
        return runs.get(self.store, run.id)

    def report(self, job: Job, *told: tuple[EventKind, dict[str, Any]], attempt: int | None = None) -> None:
        """Add events of the job's newest attempt, or of `attempt`, numbered on from those that are there."""
        number = job.attempt if attempt is None else attempt
        first = 1 + sum(stored.attempt == number for stored in jobs.events(self.store, job.id))
        listed = [Event(seq=seq, at=float(seq), kind=kind, data=data) for seq, (kind, data) in enumerate(told, first)]
        jobs.add_events(self.store, job.id, number, listed, offset=100 * (first + len(told)))

    def study(
        self,
        *,
        run: Run | None = None,
        key: str | None = None,
        prompts: int = 3,
        rivals: Sequence[Rival] = (Rival.BASE,),
        reference: str = "Answer {}.",
        own: int = 0,
        **frozen: Any,
    ) -> Study:
        """A study of `prompts` questions, "key-0" and so on, the last `own` of them somebody's own; it waits for its
        answers."""
        study_id = new_id("study")
        asks = [ask(position, reference) for position in range(prompts - own)]
        asks += [replace(ask(position, ""), row_number=None) for position in range(prompts - own, prompts)]
        told = {"instructions": "Be brief.", "examples": ()}
        protocol = Protocol(
            candidate=Candidate("starter", "ad" * 32),
            opponents=tuple(Opponent(rival, **({} if rival is Rival.BASE else told)) for rival in rivals),
            prompts=tuple(Asked(ask.key, ask.source) for ask in asks),
            criterion="Which answer is better?",
            sampling=Sampling(max_new_tokens=80),
            **{"cap": prompts, "twice": 0.0, "identical": 0} | frozen,
        )
        return studies.add(
            self.store,
            id=study_id,
            name="triage-1",
            run_id=(run or self.run()).id,
            checkpoint_step=40,
            protocol=protocol,
            seed=2**47 + 1,
            asks=asks,
            invitation=link(study_id, LinkKind.INVITATION),
            spec={"asks": "asks.jsonl"},
            key=key or new_id("key"),
        )

    def open_study(self, *, prompts: int = 3, **frozen: Any) -> Study:
        """A study that can be rated; the contestants say "base 0", "tuned 0" and so on."""
        study = self.study(prompts=prompts, **frozen)
        return studies.set_answers(self.store, study.id, written(study))

    def rater(self, study: Study, label: str = "Ann") -> Link:
        return links.add(self.store, link(study.id, LinkKind.RATER, label))

    def card(
        self, study: Study, rater: Link, *, key: str = "key-0", opponent: str = "base", side: Side = Side.LEFT
    ) -> str:
        """A card of this pair in this rater's hands; its id."""
        pair = f"{key}/{opponent}"
        return cards.deal(self.store, study.id, lambda _: [Dealt(pair, rater.id, side, NOON)])[0].id


def ask(position: int, reference: str = "Answer {}.") -> Ask:
    prompt = (Message("system", "Be brief."), Message("user", f"Question {position}?"))
    return Ask(f"key-{position}", position, prompt, reference.format(position), row_number=10 + position)


def written(study: Study) -> list[Answer]:
    """What every contestant says to every prompt."""
    return [
        Answer(
            asked.prompt, who, f"{who} {asked.prompt.removeprefix('key-')}", 3, identity={"adapter_on": who == "tuned"}
        )
        for asked in study.protocol.prompts
        for who in study.contestants
    ]


def link(study_id: str, kind: LinkKind, label: str = "") -> Link:
    return Link(new_id("link"), study_id, kind, new_id("token"), label, NOON)


PLAN = Plan(
    light=Light.AMBER,
    sentence="Fits, but tight.",
    device="cpu",
    train_rows=2,
    validation_rows=1,
    steps=120,
    steps_per_epoch=40,
    accumulation=1,
    tokens=9000,
    seconds_low=20.5,
    seconds_high=float("inf"),
    memory=(Part("Weights", 4_000_000_000, "4 bits each"), Part("Activations", 10, "by row")),
    memory_free=8_000_000_000,
    choices=(Choice("batch", "8", "as asked"),),
)

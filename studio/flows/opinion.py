"""Opinion: ask a model about a closed study, as advice beside the verdict, which it never turns."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from studio.data.atomic import replacing
from studio.domain.asking import prompt_fingerprint, reply_from
from studio.domain.dealing import deck_of
from studio.domain.errors import StudyError
from studio.domain.intact import whole_lines
from studio.domain.job import Job, JobKind, JobState, Wish
from studio.domain.judge import Endpoint, Judge, LocalJudge, judge_from, judge_record
from studio.domain.masking import masked
from studio.domain.opinion import (
    Alike,
    Announcement,
    Failure,
    Graded,
    OpinionTally,
    Order,
    Reply,
    TwoAnswers,
    two_answers_record,
)
from studio.domain.protocol import Rival
from studio.domain.row import Message
from studio.domain.study import TUNED, Study, StudyState
from studio.domain.verdict import Judged
from studio.flows import compare, models, votes
from studio.flows.audit import logged
from studio.flows.studio import Studio
from studio.store import jobs
from studio.store import studies as stored
from studio.verdict.advising import announce as announced
from studio.verdict.advising import is_reliable, reliability_sentence
from studio.verdict.opinion import alike, graded, opinions, tally

ADVISING = (JobKind.OPINION, JobKind.LOCAL_OPINION)


@dataclass(frozen=True, slots=True)
class Against:
    """What the judge said of the fine-tuned model against one opponent."""

    opponent: Rival
    tally: OpinionTally
    grades: tuple[Graded, ...]


@dataclass(frozen=True, slots=True)
class Advice:
    """One judge's opinion on a study: how far it is, what it said, and how far that is what people said.

    `cost` is what its replies took at the prices that were entered; None without prices. `unanswered` are the questions
    to which no reply came, or that were not asked yet.
    """

    judge: Judge
    job: Job
    asked_at: datetime
    tally: OpinionTally
    against: tuple[Against, ...]
    alike: Alike
    reliability: str
    is_reliable: bool
    cost: float | None
    unanswered: int = 0

    @property
    def id(self) -> str:
        return self.job.id


@dataclass(frozen=True, slots=True)
class _Material:
    """The pairs of a study as a judge sees them: which answer is the fine-tuned one is known here alone."""

    pairs: tuple[TwoAnswers, ...]
    tuned: dict[str, str]
    opponent: dict[str, Rival]


def local_judge(studio: Studio, model_id: str) -> LocalJudge:
    """A model of this workspace as a judge; RecipeError where it cannot be used."""
    found = models.usable(studio, model_id)
    return LocalJudge(found.id, str(found.path))


def announce(studio: Studio, study_id: str, judge: Judge) -> Announcement:
    """What asking this judge would do: how much, what leaves the machine and where to, what it costs.

    Of a judge that was asked before, only what it has not answered.
    """
    study = _closed(studio, study_id)
    pairs, base = _material(studio, study).pairs, study.protocol.candidate.model
    known = _answered(_folder(studio, study, judge))
    return announced(judge, pairs, question=study.protocol.criterion, base=base, known=known)


@logged("asked a model for its opinion")
def start(studio: Studio, study_id: str, judge: Judge) -> Job:
    """Ask a judge about every pair of a closed study; asked again, it goes on with what is missing."""
    study = _closed(studio, study_id)
    question, pairs = study.protocol.criterion, _material(studio, study).pairs
    if not pairs:
        raise StudyError("Both models gave the same answers, so there is nothing to judge.", fix="Train longer.")
    folder = _folder(studio, study, judge)
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "pairs.jsonl").exists():
        _replace(folder / "pairs.jsonl", "".join(_line(two_answers_record(pair)) for pair in pairs))
    kind = JobKind.OPINION if isinstance(judge, Endpoint) else JobKind.LOCAL_OPINION
    key, place = f"{study.id}/{folder.name}", 1
    if 2 * len(pairs) > len(_answered(folder)):  # what has finished does not begin again: the rest is a job of its own
        while (before := jobs.by_key(studio.store, kind=kind, key=key)) and before.state is JobState.DONE:
            place += 1
            key = f"{study.id}/{folder.name}/{place}"
    job = jobs.submit(
        studio.store,
        kind=kind,
        subject_id=study.id,
        spec={
            "pairs": str(folder / "pairs.jsonl"),
            "judge": judge_record(judge),
            "question": question,
            "out": str(folder / "replies.jsonl"),
        },
        key=key,
    )
    kept = {"judge": judge_record(judge), "job": job.id, "asked_at": datetime.now(UTC).isoformat()}
    if not (folder / "judge.json").exists() or _job_of(folder) != job.id:
        _replace(folder / "judge.json", _line(kept))
    return job if job.is_live or job.state is JobState.DONE else jobs.requeue(studio.store, job.id)


@logged("stopped an opinion")
def stop(studio: Studio, job_id: str) -> None:
    """Ask a judge no more; what it said is kept."""
    job = jobs.get(studio.store, job_id)
    if job.kind in ADVISING and job.is_live:
        jobs.wish(studio.store, job_id, Wish.STOP)


@logged("let an opinion go on")
def go_on(studio: Studio, study_id: str, job_id: str) -> Job:
    """Ask the same judge for what is missing."""
    found = next((each for each in opinion(studio, study_id) if each.id == job_id), None)
    if found is None:
        raise StudyError("This judge was never asked about this comparison.", fix="Ask it anew.")
    return start(studio, study_id, found.judge)


def to_ask_again(advices: Sequence[Advice]) -> Advice | None:
    """The judge asked last that has finished and yet gave no reply to some questions."""
    ended = (each for each in advices if each.job.state is JobState.DONE and each.unanswered)
    return next(ended, None)


def opinion(studio: Studio, study_id: str) -> list[Advice]:
    """What every judge that was asked says of a closed study, the one asked last first; StudyError before it closes."""
    study = _closed(studio, study_id)
    asked = [json.loads(path.read_bytes()) for path in _opinions(studio, study).glob("*/judge.json")]
    if not asked:
        return []
    material, people = _material(studio, study), _people(studio, study)
    found = [_advice(studio, study, kept, material, people) for kept in asked]
    return sorted(found, key=lambda advice: advice.asked_at, reverse=True)


def _advice(studio: Studio, study: Study, kept: dict[str, Any], material: _Material, people: "_People") -> Advice:
    judge = judge_from(kept["judge"])
    folder = _folder(studio, study, judge)
    given = opinions([pair.pair for pair in material.pairs], list(_replies(folder)))
    counted = tally(given, material.tuned)
    both = alike(given, material.tuned, primary=people.primary, everybody=people.everybody)
    against = []
    for opponent in sorted(study.protocol.opponents, key=lambda each: list(Rival).index(each.rival)):
        theirs = [each for each in given if material.opponent[each.pair] is opponent.rival]
        against.append(Against(opponent.rival, tally(theirs, material.tuned), graded(theirs, material.tuned)))
    return Advice(
        judge=judge,
        job=jobs.get(studio.store, kept["job"]),
        asked_at=datetime.fromisoformat(kept["asked_at"]),
        tally=counted,
        against=tuple(against),
        alike=both,
        reliability=reliability_sentence(counted, both),
        is_reliable=is_reliable(counted, both),
        cost=_cost(judge, counted),
        unanswered=2 * len(material.pairs) - len(_answered(folder)),
    )


def advice_values(advice: Advice) -> dict[str, Any]:
    """An opinion as plain values, for programs and exports."""
    return {
        "judge": judge_record(advice.judge), "job": advice.job.id, "state": advice.job.state,
        "against": [asdict(each) for each in advice.against], "tally": asdict(advice.tally),
        "consistency": advice.tally.consistency, "agreement": asdict(advice.alike),
        "unanswered": advice.unanswered,
        "reliability": advice.reliability, "is_reliable": advice.is_reliable, "cost": advice.cost,
        "turns_the_verdict": False,
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class _People:
    """Ratings by pair: the first of each, which counts, and all of them."""

    primary: tuple[Judged, ...]
    everybody: tuple[Judged, ...]


def _people(studio: Studio, study: Study) -> _People:
    ids = {(pair.prompt, pair.opponent): pair.id for pair in deck_of(study.protocol, seed=study.seed).pairs}
    everybody = [
        Judged(ids[said.ask.key, said.opponent], said.rating.rater, said.outcome, said.side)
        for said in votes.closed(studio, study.id).said
        if not said.is_skip
    ]
    primary: dict[str, Judged] = {}
    for rating in everybody:
        primary.setdefault(rating.prompt_id, rating)
    return _People(tuple(primary.values()), tuple(everybody))


def _material(studio: Studio, study: Study) -> _Material:
    """Every pair of two different answers as raters see them; which comes first is drawn, so that nothing tells."""
    asks, answers = (
        {ask.key: ask for ask in stored.asks(studio.store, study.id)},
        stored.answers(studio.store, study.id),
    )
    pairs, tuned, opponent = [], {}, {}
    for pair in deck_of(study.protocol, seed=study.seed).pairs:
        if pair.opponent is None:
            continue
        ask, said = asks[pair.prompt], [answers[pair.prompt, who].text for who in (TUNED, pair.opponent)]
        if said[0] == said[1]:
            continue
        texts = [masked(text, study.protocol.masked) for text in said]
        is_first = hashlib.sha256(f"{study.seed}/opinion/{pair.id}".encode()).digest()[0] % 2
        tuned[pair.id], opponent[pair.id] = "first" if is_first else "second", Rival(pair.opponent)
        first, second = texts if is_first else reversed(texts)
        reference = (Message("assistant", ask.reference),) if ask.reference else ()
        pairs.append(TwoAnswers(pair.id, ask.prompt, first, second, reference))
    return _Material(tuple(pairs), tuned, opponent)


def _closed(studio: Studio, study_id: str) -> Study:
    study = compare.study(studio, study_id)
    if study.state is not StudyState.CLOSED:
        raise StudyError(
            "People are still rating, and a judge's opinion could sway them.", fix="Close the rating first."
        )
    return study


def _opinions(studio: Studio, study: Study) -> Path:
    return studio.workspace.study(study.id) / "opinions"


def _folder(studio: Studio, study: Study, judge: Judge) -> Path:
    """One for each judge and prompt: replies of two are never mixed."""
    told = json.dumps(judge.identity | {"prompt": prompt_fingerprint(study.protocol.criterion)}, sort_keys=True)
    return _opinions(studio, study) / hashlib.sha256(told.encode()).hexdigest()[:16]


def _replies(folder: Path) -> Iterator[Reply]:
    path = folder / "replies.jsonl"
    if path.exists():
        yield from (reply_from(json.loads(line)) for line in whole_lines(path.read_bytes()).splitlines())


def _answered(folder: Path) -> set[tuple[str, Order]]:
    """The questions that need not be asked again: a reply came, whatever it says."""
    latest = {(reply.pair, reply.order): reply for reply in _replies(folder)}
    return {place for place, reply in latest.items() if reply.failure is not Failure.UNREACHED}


def _job_of(folder: Path) -> str:
    return json.loads((folder / "judge.json").read_bytes())["job"]


def _cost(judge: Judge, counted: OpinionTally) -> float | None:
    if isinstance(judge, LocalJudge) or judge.price_in is None or judge.price_out is None:
        return None
    return (counted.tokens_in * judge.price_in + counted.tokens_out * judge.price_out) / 1e6


def _line(record: dict[str, Any]) -> str:
    return json.dumps(record, ensure_ascii=False) + "\n"


def _replace(path: Path, text: str) -> None:
    with replacing(path) as file:
        file.write(text.encode(errors="replace"))

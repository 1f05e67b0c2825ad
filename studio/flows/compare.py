"""Compare: freeze a study, follow the writing of its answers, invite people, and close the rating."""

import json
import secrets
import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from studio.domain import dealing
from studio.domain.dealing import deck_of
from studio.domain.errors import StudyError
from studio.domain.job import Job, JobKind, JobState, Wish
from studio.domain.protocol import Opponent, Protocol, Rival, objections
from studio.domain.space import Claim
from studio.domain.study import Answer, Link, LinkKind, Study, StudyState
from studio.flows import lights, openings, space
from studio.flows.audit import logged
from studio.flows.draft import QUESTION, Wanted, draft, settled, spec_of
from studio.flows.studio import Studio
from studio.store import cards, jobs, links
from studio.store import studies as stored
from studio.store.ids import new_id

BYTES_A_TOKEN, BYTES_BESIDE = 12, 1_000  # of an answer as it is kept: its text, and the proof of who gave it


@dataclass(frozen=True, slots=True)
class StudyProgress:
    """What an owner may see while people rate: how far, never who leads; `invitation` is empty where none is valid.

    `rated` of `total` pairs have a rating, and `again` of the `twice` that two people judge have their second.
    """

    rated: int
    total: int
    raters: int
    job: Job
    invitation: str = ""
    again: int = 0
    twice: int = 0


@logged("made a comparison")
def create(
    studio: Studio,
    run_id: str,
    *,
    prompts: int | None = None,
    question: str = QUESTION,
    rubric: str = "",
    step: int | None = None,
    margin: float = 0.05,
    opponents: Sequence[Opponent] = (Opponent(Rival.BASE),),
    gates: Sequence[Mapping[str, Any]] = (),
    twice: float = 0.0,
    identical: int = 0,
    key: str,
) -> Study:
    """Freeze a comparison on held-out test prompts; without further choices it is against the base model alone."""
    wanted = Wanted(
        opponents=tuple(opponents),
        cap=prompts,
        question=question,
        rubric=rubric,
        margin=margin,
        gates=tuple(gates),
        twice=twice,
        identical=identical,
    )
    return freeze(studio, run_id, wanted, step=step, key=key)


@logged("made a comparison")
def freeze(
    studio: Studio,
    run_id: str,
    wanted: Wanted,
    *,
    step: int | None = None,
    key: str,
    beside: Collection[str] = (),
) -> Study:
    """Fix every choice and have every contestant's answers written beforehand; the same `key` is the same study.

    `beside` are studies of the same press, which asked these prompts for another checkpoint: they count as openings,
    and keep none of the prompts from being asked. StudyError with the first objection.
    """
    if known := jobs.by_key(studio.store, kind=JobKind.GENERATE, key=key):
        return study(studio, known.subject_id)
    study_id = new_id("study")
    try:
        found = _frozen(studio, run_id, wanted, study_id, step=step, key=key, beside=beside)
    except BaseException:
        shutil.rmtree(studio.workspace.study(study_id), ignore_errors=True)
        raise
    if found.id != study_id:  # two presses of one key at once
        shutil.rmtree(studio.workspace.study(study_id), ignore_errors=True)
    return found


def _frozen(
    studio: Studio, run_id: str, wanted: Wanted, study_id: str, *, step: int | None, key: str, beside: Collection[str]
) -> Study:
    made = settled(studio, draft(studio, run_id, wanted, step=step, beside=beside), study_id)
    return stored.add(
        studio.store,
        id=study_id,
        name=made.run.name,
        run_id=run_id,
        checkpoint_step=made.checkpoint.step,
        protocol=made.protocol,
        seed=secrets.randbits(48),
        asks=made.asks,
        invitation=new_link(study_id, LinkKind.INVITATION, "Invitation"),
        key=key,
        spec=spec_of(studio, made, study_id),
        counted=made.counted,
        words=openings.words,
        claim=_claim(studio, study_id, made.protocol, len(made.asks)),
    )


def _claim(studio: Studio, study_id: str, protocol: Protocol, asked: int) -> Claim:
    """What the answers take at most: in a file as they are written, and in the database."""
    longest = protocol.sampling.max_new_tokens * BYTES_A_TOKEN + BYTES_BESIDE
    size = 2 * asked * (1 + len(protocol.opponents)) * longest
    claim = space.claim(studio, size, studio.workspace.study(study_id), "Writing the answers", error=StudyError)
    space.insist(studio, claim)
    return claim


@logged("made a comparison")
def freeze_each(
    studio: Studio, run_id: str, wanted: Wanted, *, steps: Sequence[int | None], key: str
) -> tuple[Study, ...]:
    """A study of its own for each checkpoint, in their order; every one counts as an opening.

    StudyError or RunError before the first of them where one could not be frozen.
    """
    asked = {step: f"{key}:{step}" for step in steps or (None,)}
    known = {step: jobs.by_key(studio.store, kind=JobKind.GENERATE, key=each) for step, each in asked.items()}
    made = [job.subject_id for job in known.values() if job]
    for later, step in enumerate(step for step, job in known.items() if not job):
        protocol = draft(studio, run_id, wanted, step=step, beside=made).protocol
        for objection in objections(replace(protocol, opening=protocol.opening + later)):
            raise objection
    frozen: list[Study] = []
    for step, each in asked.items():
        beside = {*made, *(study.id for study in frozen)}
        frozen.append(freeze(studio, run_id, wanted, step=step, key=each, beside=beside))
    return tuple(frozen)


def new_link(study_id: str, kind: LinkKind, label: str) -> Link:
    """A link that nobody can guess, not kept yet."""
    return Link(new_id("link"), study_id, kind, secrets.token_urlsafe(16), label, datetime.now(UTC))


def invitation(studio: Studio, study_id: str) -> Link:
    """The newest invitation to rate a study that was not taken back; StudyError without any."""
    found = [link for link in links.all(studio.store, study_id, LinkKind.INVITATION) if not link.is_revoked]
    if not found:
        raise StudyError("Every invitation to this comparison was taken back.", fix="Make a new one on Compare.")
    return found[-1]


def study(studio: Studio, study_id: str) -> Study:
    """A study; once its answers have been written it is open."""
    return _opened(studio, stored.get(studio.store, study_id))


def studies(studio: Studio, run_id: str | None = None) -> list[Study]:
    """The studies of the workspace or of one run, the newest first."""
    return [_opened(studio, found) for found in stored.all(studio.store, run_id=run_id)]


def _opened(studio: Studio, found: Study) -> Study:
    if found.state is not StudyState.WRITING or found.job.state is not JobState.DONE:
        return found
    written = written_answers(studio.workspace.study(found.id) / "answers.jsonl")
    return stored.set_answers(studio.store, found.id, written)


def written_answers(path: Path) -> list[Answer]:
    """What was written of answers.jsonl; split as bytes, since an answer may hold other line separators of Unicode."""
    return [
        Answer(
            key=line["key"],
            contestant=line["contestant"],
            text=line["text"],
            tokens=line["tokens"],
            is_cut=line["cut"],
            set=line["set"],
            identity=line["identity"],
        )
        for line in map(json.loads, path.read_bytes().splitlines())
    ]


def progress(studio: Studio, study_id: str) -> StudyProgress:
    """How many prompts have been rated and by how many people; nothing that could sway a rater."""
    found = study(studio, study_id)
    ratings = cards.ratings(studio.store, study_id)
    far = dealing.progress(deck_of(found.protocol, seed=found.seed), cards.dealt(studio.store, study_id))
    valid = [link for link in links.all(studio.store, study_id, LinkKind.INVITATION) if not link.is_revoked]
    return StudyProgress(
        rated=far.judged,
        total=far.pairs,
        raters=len({rating.rater for rating in ratings}),
        job=found.job,
        invitation=valid[-1].token if valid else "",
        again=far.second,
        twice=far.wanted_twice,
    )


@logged("stopped the answers of a comparison")
def stop_writing(studio: Studio, study_id: str) -> Study:
    """Cancel the writing of answers; it can go on later from where it was."""
    jobs.wish(studio.store, study(studio, study_id).job.id, Wish.STOP)
    return study(studio, study_id)


@logged("let the answers of a comparison go on")
def go_on_writing(studio: Studio, study_id: str) -> Study:
    """Write the answers that are still missing."""
    found = study(studio, study_id)
    if not found.job.is_live:
        jobs.requeue(studio.store, found.job.id, message="Waiting to write the rest of the answers.")
    return study(studio, study_id)


@logged("closed a comparison")
def close(studio: Studio, study_id: str) -> Study:
    """End the rating and reveal the sides; nobody can rate after this, and the gates are judged."""
    found = study(studio, study_id)
    if found.state is StudyState.CLOSED:
        return found
    if found.state is not StudyState.OPEN:
        raise StudyError("The answers are not all written yet.", fix="Wait until the rating is open.")
    if not cards.ratings(studio.store, study_id):
        raise StudyError("Nobody has rated anything yet.", fix="Rate at least one prompt first.")
    closed = stored.close(studio.store, study_id, at=datetime.now(UTC))
    lights.begin(studio, closed)
    return closed

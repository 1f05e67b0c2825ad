"""Lights: have the gates of a closed study judged, follow that, and read what is kept; nothing is judged here."""

import json
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from pathlib import Path

from studio.data.atomic import replacing
from studio.domain.errors import StudyError
from studio.domain.gate import Gate, read_gates
from studio.domain.gate_result import Answered, GateResult
from studio.domain.job import Job, JobKind, JobState, Wish
from studio.domain.protocol import Rival
from studio.domain.study import TUNED, Answer, Ask, Study, StudyState
from studio.flows import gates as wanted
from studio.flows.audit import logged
from studio.flows.studio import Studio
from studio.judging import read_kept
from studio.store import jobs
from studio.store import studies as stored
from studio.verdict.gates.results import nothing
from studio.verdict.gates.shipped import ShippedPrompt


@dataclass(frozen=True, slots=True)
class Spoken:
    """One prompt as it is read beside its marks: what was asked, a good answer, and what both sides said."""

    question: str
    reference: str
    base: str | None
    tuned: str | None


@dataclass(frozen=True, slots=True)
class Judging:
    """How far the gates of a closed study are, in their order: what is known of each (None: nothing yet).

    `unknown` are those without a result, or with none but the reason why it could not be judged.
    """

    gates: tuple[Gate, ...]
    results: tuple[GateResult | None, ...]
    unknown: tuple[Gate, ...]
    job: Job | None

    @property
    def known(self) -> tuple[GateResult, ...]:
        return tuple(each for each in self.results if each is not None)

    @property
    def waiting(self) -> tuple[Gate, ...]:
        """Those of which nothing can be said yet."""
        return tuple(gate for gate, each in zip(self.gates, self.results, strict=True) if each is None)

    @property
    def is_live(self) -> bool:
        return self.job is not None and self.job.is_live

    @property
    def sentence(self) -> str:
        """What is to be known before anybody rests on the verdict; empty where all gates are judged."""
        if not self.unknown:
            return ""
        known = f"{len(self.gates) - len(self.unknown):,} of {len(self.gates):,} are known."
        said = f"The gates are being judged: {known}" if self.is_live else f"The gates are not all judged: {known}"
        holds = any(gate.is_required for gate in self.unknown)
        return f"{said} Until all are, nobody can say “ship”." if holds else said


def begin(studio: Studio, study: Study) -> Job | None:
    """Have those gates of a closed study judged of which nothing is known yet; None where there are none.

    Asked twice it is one job, and one that ended before its work was done goes on from there.
    """
    far = judging(studio, study)
    if not far.unknown or far.is_live:
        return far.job
    folder = _folder(studio, study)
    _write_asked(studio, study, folder / "asked.json")
    if far.job and far.job.state is not JobState.DONE:
        return jobs.requeue(studio.store, far.job.id, message="Waiting to judge the rest of the gates.")
    before = len(jobs.of_subject(studio.store, study.id, kind=JobKind.GATES))
    return jobs.submit(
        studio.store,
        kind=JobKind.GATES,
        subject_id=study.id,
        spec={
            "gates": list(study.protocol.gates),
            "protocol": study.fingerprint,
            "asked": str(folder / "asked.json"),
            "measured": str(studio.workspace.study(study.id) / "measured.jsonl"),
            "databases": str(studio.workspace.study(study.id) / "databases"),
            "prompts": str(wanted.shipped_folder(studio, study.id)),
            "shipped": dict(study.protocol.shipped),
            "out": str(folder / "results.jsonl"),
        },
        key=f"{study.id}/{before}",
    )


@logged("stopped the gates")
def stop(studio: Studio, study: Study) -> None:
    """Judge no further gate; what is known is kept."""
    for job in jobs.of_subject(studio.store, study.id, kind=JobKind.GATES):
        jobs.wish(studio.store, job.id, Wish.STOP)


def judging(studio: Studio, study: Study) -> Judging:
    """How far the gates of a closed study are, from what is kept; StudyError while anybody still rates."""
    _insist_on_closed(study)
    gates = read_gates(study.protocol.gates)
    if not gates:
        return Judging((), (), (), None)
    asked = jobs.of_subject(studio.store, study.id, kind=JobKind.GATES)
    kept = read_kept(_folder(studio, study) / "results.jsonl", study.fingerprint)
    results: list[GateResult | None] = []
    for place, gate in enumerate(gates):
        found, why = kept.results.get(place), kept.failed.get(place)
        if found is None and why:
            found = nothing(gate.kind, is_required=gate.is_required, why=why)
        results.append(found)
    unknown = tuple(gate for place, gate in enumerate(gates) if place not in kept.results)
    return Judging(gates, tuple(results), unknown, asked[-1] if asked else None)


def lights(studio: Studio, study: Study) -> tuple[GateResult, ...]:
    """What is known of the gates of a closed study, in their order; StudyError while anybody still rates.

    A gate that could not be judged is amber and says why.
    """
    return judging(studio, study).known


def spoken(studio: Studio, study: Study) -> dict[str, Spoken]:
    """What was asked and said on every prompt that a gate of a closed study looks at, by the id in its pairs."""
    _insist_on_closed(study)
    asks = stored.asks(studio.store, study.id)
    found = {
        each.prompt_id: Spoken(ask.question, ask.reference, each.base, each.tuned)
        for ask, each in zip(asks, _answered(studio, study, asks), strict=True)
    }
    for name in wanted.shipped_sets(read_gates(study.protocol.gates)):
        prompts = wanted.shipped_prompts(studio, study, name)
        for prompt, each in zip(prompts, _shipped(studio, study, name, prompts), strict=True):
            found[prompt.id] = Spoken(prompt.prompt, prompt.good, each.base, each.tuned)
    return found


def _insist_on_closed(study: Study) -> None:
    if study.state is not StudyState.CLOSED:
        raise StudyError(
            "This comparison is still open.", fix="Close the rating first; what the gates show stays hidden until then."
        )


def _folder(studio: Studio, study: Study) -> Path:
    return studio.workspace.study(study.id) / "gates"


def _write_asked(studio: Studio, study: Study, path: Path) -> None:
    """What the worker needs of the store: prompts, references and both answers, and what was to be measured."""
    asks = stored.asks(studio.store, study.id)
    shipped = {
        name: _shipped(studio, study, name, wanted.shipped_prompts(studio, study, name))
        for name in wanted.shipped_sets(read_gates(study.protocol.gates))
    }
    told = {
        "answers": [astuple(each) for each in _answered(studio, study, asks)],
        "shipped": {name: [astuple(each) for each in answers] for name, answers in shipped.items()},
        "to_time": wanted.to_time(study.protocol, asks),
        "to_score": wanted.to_score(study.protocol, asks),
    }
    with replacing(path) as file:
        file.write(json.dumps(told).encode())


def _answered(studio: Studio, study: Study, asks: Iterable[Ask]) -> list[Answered]:
    """Both answers to every prompt of the study; the reference of somebody's own prompt is empty."""
    given = stored.answers(studio.store, study.id)
    return [_both(ask.key, ask.reference, given) for ask in asks]


def _shipped(studio: Studio, study: Study, name: str, prompts: Iterable[ShippedPrompt]) -> list[Answered]:
    given = stored.answers(studio.store, study.id, set=name)
    return [_both(prompt.id, "", given) for prompt in prompts]


def _both(key: str, reference: str, given: dict[tuple[str, str], Answer]) -> Answered:
    base, tuned = given.get((key, Rival.BASE.value)), given.get((key, TUNED))
    return Answered(key, reference, base and base.text, tuned and tuned.text)

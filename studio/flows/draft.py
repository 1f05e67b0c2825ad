"""Draft: what would be frozen, as one value, with everything that whoever freezes it should know beforehand."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import chain
from math import ceil
from typing import Any

from studio.data.atomic import replacing
from studio.domain.deleted import Kind
from studio.domain.errors import StudyError
from studio.domain.gate import Gate, needs_references, read_gates
from studio.domain.gate_names import name_of
from studio.domain.protocol import (
    DEFAULT_TWICE,
    Asked,
    Candidate,
    Opponent,
    Protocol,
    Rival,
    bar_at,
    bar_sentence,
    objections,
    opening_number,
    warnings,
)
from studio.domain.run import Checkpoint, Run
from studio.domain.sampling import Sampling
from studio.domain.study import Ask, references_fingerprint
from studio.flows import asking, bases, bring, models, openings, room, train
from studio.flows import gates as gating
from studio.flows.models import STARTER
from studio.flows.own import owned
from studio.flows.studio import Studio
from studio.store import deleted
from studio.verdict.planning import plan_sentence

QUESTION = "Which answer is better?"
ENOUGH = 40
ENOUGH_FOR_STARTER = 24  # its answers are told apart at a glance, and the first journey should end within minutes
SECONDS_PER_CARD = 30.0
MOST_IDENTICAL = 4


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody chose of a study; None is as the studio proposes.

    `own` are prompts of their own, one on each line. `examples` are the numbers of the rows whose fingerprints the
    opponents have, where they are known. `unasked` leaves out prompts that an earlier study asked.
    """

    opponents: tuple[Opponent, ...] = (Opponent(Rival.BASE),)
    examples: tuple[int, ...] = ()
    cap: int | None = None
    own: str = ""
    question: str = QUESTION
    rubric: str = ""
    margin: float = 0.05
    twice: float = DEFAULT_TWICE
    identical: int | None = None
    gates: tuple[Mapping[str, Any], ...] = ()
    sampling: Sampling = field(default_factory=Sampling)
    masked: tuple[str, ...] = ()
    unasked: bool = False


@dataclass(frozen=True, slots=True)
class Draft:
    """A study as it would be frozen now. `sealed` is how many sealed prompts there are, `unasked` how many of these no
    earlier study asked, `counted` are the earlier studies, and `notes` say what is odd about somebody's own prompts, or
    about the room for answers."""

    run: Run
    checkpoint: Checkpoint
    wanted: Wanted
    protocol: Protocol
    asks: tuple[Ask, ...]
    sealed: int
    unasked: int
    counted: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()

    @property
    def objections(self) -> tuple[StudyError, ...]:
        """Everything that keeps it from being frozen, each with the field that it is about."""
        return tuple(objections(self.protocol))

    @property
    def warnings(self) -> tuple[str, ...]:
        """What nothing forbids and somebody should know; the bar is told apart, at every opening."""
        own = [told for told in warnings(self.protocol) if told != bar_sentence(self.protocol.opening)]
        sealed = sum(ask.row_number is not None for ask in self.asks)
        gates = [_of_gate(gate, asked=len(self.asks), sealed=sealed) for gate in read_gates(self.protocol.gates)]
        # several gates of one kind may have the same to say
        return tuple(dict.fromkeys((*own, *self.notes, *chain.from_iterable(gates))))

    @property
    def plan(self) -> str:
        """What so many prompts can settle."""
        return plan_sentence(self.protocol.cap, most=self.sealed + self.protocol.own_prompts, alpha=self.protocol.alpha)

    @property
    def bar(self) -> str:
        return bar_sentence(self.protocol.opening)

    @property
    def ratings(self) -> int:
        """How many cards are judged in all, second ratings and identical pairs included."""
        return self.first + self.again

    @property
    def again(self) -> int:
        """How many pairs somebody else judges a second time."""
        return int(self.protocol.cap * self.protocol.twice + 0.5) * len(self.protocol.opponents)

    @property
    def first(self) -> int:
        """How many pairs there are, which is what a person who judges alone can judge."""
        return self.protocol.cap * len(self.protocol.opponents) + self.protocol.identical

    @property
    def minutes(self) -> int:
        """About how long all raters need together."""
        return ceil(self.ratings * SECONDS_PER_CARD / 60)

    def bars(self, checkpoints: int) -> str:
        """What it means for the evidence to judge so many checkpoints, each in a study of its own."""
        first = self.protocol.opening
        asked = [f"{bar_at(opening):,.0f} to 1" for opening in range(first, first + checkpoints)]
        return (
            f"{checkpoints} checkpoints make {checkpoints} comparisons, and each is an opening of its own: "
            f"the evidence must reach {asked[0]} in the first, then {', then '.join(asked[1:])}."
        )


def _of_gate(gate: Gate, *, asked: int, sealed: int) -> list[str]:
    """What a gate cannot show; one that compares with references is judged by the sealed prompts alone."""
    if not needs_references(gate):
        return gating.warnings([gate], asked)
    if sealed == 0 and gate.is_required:
        return [f"{name_of(gate)} needs reference answers, and no sealed prompt is asked: it can never be green."]
    return gating.warnings([gate], sealed)


def default_cap(sealed: int, model_id: str) -> int:
    """How many prompts are proposed of so many sealed ones."""
    return min(sealed, ENOUGH_FOR_STARTER if model_id == STARTER else ENOUGH)


def default_identical(cap: int, spare: int) -> int:
    """Pairs with one answer on both sides: few, and only of prompts that are not asked otherwise."""
    return max(0, min(MOST_IDENTICAL, max(2, cap // 4), spare))


def draft(
    studio: Studio, run_id: str, wanted: Wanted, *, step: int | None = None, beside: Collection[str] = ()
) -> Draft:
    """The study that these choices make, frozen by nobody yet; StudyError where the run can have none.

    What the studies `beside` it ask, those of the same press, is not asked already; as openings they count.
    """
    run = _comparable(studio, run_id)
    checkpoint = train.checkpoint_at(studio, run_id, step)
    before = room.told(studio, run, wanted.opponents, wanted.examples)
    sealed = asking.sealed_asks(studio, run_id)
    own, notes = owned(studio, run_id, wanted.own, beside=max(before.values(), default=0))
    room.insist(studio, run, sealed, before)
    earlier = openings.earlier(studio)
    known = openings.asked_by(each for each in earlier if each.study_id not in beside)
    fresh = [ask for ask in sealed if openings.words(ask) not in known]
    among = fresh if wanted.unasked else sealed
    if not among and not own:
        raise _nothing_to_ask(unasked=wanted.unasked, learned=asking.learned_earlier(studio, run_id))
    cap = default_cap(len(among), run.model_id) + len(own) if wanted.cap is None else wanted.cap
    spare = len(among) + len(own) - cap
    identical = default_identical(cap, spare) if wanted.identical is None else wanted.identical
    asks = asking.drawn(among, own, count=cap + identical if cap > 0 else len(among) + len(own))
    gates = gating.checked(wanted.gates)
    protocol = Protocol(
        candidate=Candidate(run.model_id, checkpoint.sha256, base=bases.fingerprint(studio, run.model_id)),
        opponents=wanted.opponents,
        prompts=tuple(Asked(ask.key, ask.source) for ask in asks),
        criterion=wanted.question.strip() or QUESTION,
        rubric=wanted.rubric.strip(),
        sampling=wanted.sampling,
        cap=cap,
        margin=wanted.margin,
        gates=tuple(gate.model_dump(mode="json") for gate in gates),
        twice=wanted.twice,
        identical=identical,
        masked=wanted.masked,
        opening=opening_number(earlier, map(openings.words, asks)),
        references=references_fingerprint(asks),
        shipped=gating.shipped_prints(studio, gates),
    )
    counted = frozenset(opening.study_id for opening in earlier)
    told = (*notes, *_learned(studio, run_id), *room.cut_off(studio, run, wanted.sampling.max_new_tokens))
    return Draft(run, checkpoint, wanted, protocol, asks, len(sealed), len(fresh), counted, told)


def _comparable(studio: Studio, run_id: str) -> Run:
    """The run, if people can judge it; StudyError if not."""
    run = train.run(studio, run_id)
    if run.is_live:
        raise StudyError(f"{run.name} is still training.", fix="Wait until it ends, or stop it and keep the best.")
    if deleted.find(studio.store, Kind.RUN, run_id):
        raise StudyError(f"{run.name} was deleted.", fix="Bring it back on Runs before it is compared.")
    if bring.dataset(studio, run.dataset_id).is_text:
        raise StudyError(
            "Plain text asks nothing, so there are no answers to compare.",
            fix="Ask the model on Chat, or compare a run on questions and answers.",
        )
    if not studio.workspace.dataset(run.dataset_id).is_dir():
        raise StudyError(
            f"The rows of {run.name} are not there any more.",
            fix="Put their folder back from a copy of the workspace, or import the file and train again.",
        )
    return run


def _learned(studio: Studio, run_id: str) -> tuple[str, ...]:
    """That test rows are left out which an earlier stage of the training has seen."""
    many = asking.learned_earlier(studio, run_id)
    rows = "1 test row is" if many == 1 else f"{many:,} test rows are"
    said = f"{rows} not asked: a run that this one goes on from learned the same prompts, or was checked on them."
    return (said,) if many else ()


def _nothing_to_ask(*, unasked: bool, learned: int) -> StudyError:
    if learned and not unasked:
        return StudyError(
            "Every test row was learned by a run that this one goes on from, or it was checked on it.",
            fix="Bring rows that none of these runs has seen, or prompts of your own.",
        )
    if unasked:
        return StudyError(
            "Every sealed prompt was asked in an earlier comparison.",
            fix="Ask them again, or bring new rows.",
            field="cap",
        )
    return StudyError("This run has no test rows to ask about.", fix="Hold more rows out and train again.")


def settled(studio: Studio, made: Draft, study_id: str) -> Draft:
    """The draft of this study for good: whatever its gates ask is copied and has its fingerprint in the protocol.

    StudyError with the first objection.
    """
    for objection in made.objections:
        raise objection
    gates = gating.frozen(made.wanted.gates, studio.workspace.study(study_id))
    return replace(made, protocol=replace(made.protocol, gates=gates))


def spec_of(studio: Studio, made: Draft, study_id: str) -> dict[str, Any]:
    """What the worker needs; every question to every contestant is written out beside it."""
    protocol, folder = made.protocol, studio.workspace.study(study_id)
    gating.keep_shipped(studio, protocol, folder)
    shots = asking.shots_of(studio, made.run, protocol.opponents, hint=made.wanted.examples)
    with replacing(folder / "asks.jsonl") as file:
        asked = asking.questions(studio, made.run, protocol, made.asks, shots)
        lines = chain(asked, gating.extra_asks(studio, protocol, made.asks))
        file.writelines(json.dumps(each).encode() + b"\n" for each in lines)
    return answering(studio, made.run, made.checkpoint, protocol.sampling) | {
        "base_sha256": protocol.candidate.base,
        "asks": str(folder / "asks.jsonl"),
        "out": str(folder / "answers.jsonl"),
        "measure": gating.measure_of(protocol, made.asks, folder),
    }


def answering(studio: Studio, run: Run, checkpoint: Checkpoint, sampling: Sampling) -> dict[str, Any]:
    """Who answers, and how; the same for a study and for a prompt that is tried."""
    return {
        "model": str(models.usable(studio, run.model_id).path),
        "model_id": run.model_id,
        "adapter": str(studio.workspace.run(run.id) / checkpoint.path),
        "adapter_sha256": checkpoint.sha256,
        "sampling": asdict(sampling),
        "measure": None,
    }


def against(rivals: Sequence[Rival], *, instructions: str = "", shown: Sequence[str] = ()) -> tuple[Opponent, ...]:
    """The opponents of these kinds; `shown` are fingerprints of the examples."""
    made = {
        Rival.BASE: Opponent(Rival.BASE),
        Rival.PROMPT: Opponent(Rival.PROMPT, instructions.strip()),
        Rival.FEW_SHOT: Opponent(Rival.FEW_SHOT, examples=tuple(shown)),
    }
    return tuple(made[rival] for rival in Rival if rival in rivals)

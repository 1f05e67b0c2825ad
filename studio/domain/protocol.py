"""Protocol: all that is fixed before the first rating, and how much evidence it asks for."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from studio.domain.errors import StudyError
from studio.domain.masking import LONGEST_WORD, MOST_WORDS
from studio.domain.sampling import Sampling

FORMAT = 3  # of the canonical JSON; another number for other fields, so that old fingerprints stay what they were
SINCE = {"masked": 2, "references": 3, "shipped": 3}  # the format with which a field came
BASE_SINCE = 3  # that of a candidate
ALPHA = 0.05  # the chance, at most, that any of all candidates on one set of prompts ships without being better
FEWEST_PROMPTS = 20
MOST_PROMPTS = 5000
MOST_TOKENS = 4096  # of an answer
DEFAULT_TWICE = 0.25
LONGEST_TEXT = 20_000


class Source(StrEnum):
    """Where a prompt comes from: the sealed test rows, or somebody's own words."""

    SEALED = "sealed"
    OWN = "own"


class Rival(StrEnum):
    """What a fine-tuned model has to beat to be worth shipping."""

    BASE = "base"
    PROMPT = "prompt"
    FEW_SHOT = "few_shot"

    @property
    def title(self) -> str:
        return TITLES[self]


TITLES = {
    Rival.BASE: "the base model",
    Rival.PROMPT: "the base model with its best prompt",
    Rival.FEW_SHOT: "the base model with examples in its prompt",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """One prompt, by the fingerprint of its turns."""

    prompt: str
    source: Source = Source.SEALED


@dataclass(frozen=True, slots=True)
class Opponent:
    """One rival; `instructions` is its system prompt, `examples` the training rows that it is shown, by fingerprint."""

    rival: Rival
    instructions: str = ""
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """The fine-tuned model: its base, the SHA-256 of its weights, and its system prompt.

    `base` is the fingerprint of the base's own files (studio.domain.base), "" where it was not known beforehand: then
    it is worked out when the answers are written, and stands in the proof of each.
    """

    model: str
    weights: str
    instructions: str = ""
    base: str = ""


@dataclass(frozen=True, slots=True)
class Protocol:
    """Every choice of a study; `fingerprint` changes with any of them.

    `cap` is how many prompts are judged against each opponent at most, `twice` the share of them that a second person
    judges, `identical` how many pairs show one answer on both sides. `gates` are those of the study as plain values.
    `opening` counts the studies on any of these prompts, this one included. `masked` are words, such as the model's own
    name, that raters see as [name] in both answers. `references` is the fingerprint of the reference answers, `shipped`
    has the SHA-256 of each shipped set of prompts that a gate asks. `format` is that in which it was frozen.
    """

    candidate: Candidate
    opponents: tuple[Opponent, ...]
    prompts: tuple[Asked, ...]
    criterion: str
    rubric: str = ""
    sampling: Sampling = field(default_factory=Sampling)
    cap: int = 100
    margin: float = 0.05
    gates: tuple[Mapping[str, Any], ...] = ()
    twice: float = DEFAULT_TWICE
    identical: int = 4
    opening: int = 1
    masked: tuple[str, ...] = ()
    references: str = ""
    shipped: tuple[tuple[str, str], ...] = ()
    format: int = FORMAT

    @property
    def alpha(self) -> float:
        return alpha_at(self.opening)

    @property
    def bar(self) -> float:
        return bar_at(self.opening)

    @property
    def own_prompts(self) -> int:
        return sum(asked.source is Source.OWN for asked in self.prompts)

    @property
    def canonical(self) -> str:
        """The protocol as one line of JSON that is the same for the same choices, however they were put in."""
        values = asdict(self) | {
            "alpha": self.alpha,
            "prompts": sorted([asked.prompt, asked.source.value] for asked in self.prompts),
            "opponents": sorted((asdict(each) for each in self.opponents), key=lambda each: each["rival"]),
            "gates": sorted(self.gates, key=_json),
            "masked": sorted(self.masked, key=str.casefold),
            "shipped": sorted(self.shipped),
        }
        if self.format < BASE_SINCE:
            values["candidate"] = {name: held for name, held in values["candidate"].items() if name != "base"}
        return _json({name: held for name, held in values.items() if SINCE.get(name, 1) <= self.format})

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the canonical JSON."""
        return hashlib.sha256(self.canonical.encode()).hexdigest()


def protocol_from(values: Mapping[str, Any]) -> Protocol:
    """The protocol that was kept as its canonical JSON."""
    kept = {name: held for name, held in values.items() if name != "alpha"}
    return Protocol(
        **kept
        | {
            "candidate": Candidate(**kept["candidate"]),
            "opponents": tuple(_opponent(**each) for each in kept["opponents"]),
            "prompts": tuple(Asked(prompt, Source(source)) for prompt, source in kept["prompts"]),
            "sampling": Sampling(**kept["sampling"]),
            "gates": tuple(kept["gates"]),
            "masked": tuple(kept.get("masked", ())),
            "shipped": tuple((name, sha256) for name, sha256 in kept.get("shipped", ())),
        }
    )


def _opponent(rival: str, instructions: str, examples: Sequence[str]) -> Opponent:
    return Opponent(Rival(rival), instructions, tuple(examples))


def frozen(protocol: Protocol) -> Protocol:
    """The protocol itself, if a study can be held by it; StudyError with the first objection if not."""
    for objection in objections(protocol):
        raise objection
    return protocol


def objections(protocol: Protocol) -> Iterator[StudyError]:
    """Everything that keeps a study from being held, each with its fix and the field that it is about."""
    yield from _about_prompts(protocol)
    yield from _about_opponents(protocol)
    if not protocol.candidate.weights:
        yield StudyError("There is no fine-tuned model to judge.", fix="Choose a checkpoint.", field="candidate")
    if not protocol.criterion.strip():
        yield StudyError("It is not said what makes an answer better.", fix="Write the question.", field="criterion")
    for name in ("criterion", "rubric"):
        if len(getattr(protocol, name)) > LONGEST_TEXT:
            yield StudyError(f"The {name} is too long to be read.", fix="Shorten it to a page or two.", field=name)
    if len(protocol.masked) > MOST_WORDS or any(not 0 < len(word.strip()) <= LONGEST_WORD for word in protocol.masked):
        yield StudyError(
            "Not all of these words can be masked.",
            fix=f"Give at most {MOST_WORDS} words, each of 1 to {LONGEST_WORD} letters.",
            field="masked",
        )
    if not (1 <= protocol.sampling.max_new_tokens <= MOST_TOKENS and 0 <= protocol.sampling.temperature <= 2):
        yield StudyError(
            "Answers cannot be written like this.",
            fix=f"1 to {MOST_TOKENS:,} tokens, temperature 0 to 2.",
            field="sampling",
        )
    if not 0 <= protocol.margin < 0.5:
        yield StudyError("This margin cannot be reached.", fix="Choose one from 0 to below 50 points.", field="margin")
    if not 0 <= protocol.twice <= 1:
        yield StudyError("A share lies between 0 and 1.", fix="Have a quarter rated twice.", field="twice")
    if not 0 <= protocol.identical <= max(2, protocol.cap // 4):
        yield StudyError(
            "Identical pairs cost rating time and decide nothing.",
            fix=f"Mix in at most {max(2, protocol.cap // 4)} of them.",
            field="identical",
        )


def _about_prompts(protocol: Protocol) -> Iterator[StudyError]:
    prompts, cap = [asked.prompt for asked in protocol.prompts], protocol.cap
    if not prompts:
        yield StudyError(
            "There is nothing to ask.", fix="Hold test rows out, or add prompts of your own.", field="prompts"
        )
    if len(set(prompts)) < len(prompts):
        yield StudyError(
            "A prompt is in the study twice, and would count twice.", fix="Leave one of the two out.", field="prompts"
        )
    if len(prompts) > MOST_PROMPTS:
        yield StudyError(f"Nobody rates {len(prompts):,} prompts.", fix="Draw a sample of them.", field="prompts")
    if prompts and not 1 <= cap <= len(prompts):
        yield StudyError(
            f"The study can judge from 1 to {len(prompts):,} prompts, not {cap:,}.",
            fix="Lower the cap, or add prompts.",
            field="cap",
        )
    if 1 <= cap < protocol.own_prompts:
        yield StudyError(
            f"All prompts of your own are judged, and a cap of {cap:,} has no place for {protocol.own_prompts:,}.",
            fix=f"Raise the cap to at least {protocol.own_prompts:,}, or leave some of them out.",
            field="cap",
        )
    if protocol.opening < 1:
        yield StudyError("The openings of a test set are counted from 1.", fix="Count this one.", field="opening")
    elif cap >= FEWEST_PROMPTS and most_evidence(cap) < protocol.bar:
        yield StudyError(
            f"These prompts were opened so often that even {cap:,} wins of {cap:,} would not be enough evidence.",
            fix="Bring test rows that no earlier study used; the bar begins anew with them.",
            field="prompts",
        )


def _about_opponents(protocol: Protocol) -> Iterator[StudyError]:
    rivals = [opponent.rival for opponent in protocol.opponents]
    if not rivals:
        yield StudyError("There is nothing to compare with.", fix="Add the base model.", field="opponents")
    if len(set(rivals)) < len(rivals):
        yield StudyError("An opponent is there twice.", fix="Leave one of the two out.", field="opponents")
    for opponent in protocol.opponents:
        if opponent.rival is Rival.PROMPT and not opponent.instructions.strip():
            yield StudyError("The best prompt is empty.", fix="Write the instructions.", field="opponents")
        if opponent.rival is Rival.FEW_SHOT and not opponent.examples:
            yield StudyError("No example was chosen.", fix="Choose training rows as examples.", field="opponents")


def warnings(protocol: Protocol) -> tuple[str, ...]:
    """What whoever freezes this study should know, though nothing forbids it."""
    return tuple(_warnings(protocol))


def _warnings(protocol: Protocol) -> Iterator[str]:
    if protocol.cap < FEWEST_PROMPTS:
        yield f"A comparison on fewer than {FEWEST_PROMPTS} prompts cannot end in “Ship it.”; add prompts."
    missing = [rival.title for rival in Rival if rival not in {opponent.rival for opponent in protocol.opponents}]
    if missing:
        yield f"Not compared with {' and '.join(missing)}: the verdict cannot say that training beats what costs less."
    yield from _own_warnings(min(protocol.own_prompts, protocol.cap), protocol.cap)
    if protocol.opening > 1:
        yield bar_sentence(protocol.opening)


def _own_warnings(own: int, cap: int) -> Iterator[str]:
    """How many sealed prompts are left beside somebody's own, which are judged first, and what that means."""
    if not own:
        return
    yield (
        f"{own:,} of {cap:,} prompts are somebody's own, which are judged first, so that "
        f"{cap - own:,} sealed ones remain; own ones have no reference answer and are marked wherever they are shown."
    )
    if cap - own < FEWEST_PROMPTS:
        yield (
            f"Of sealed test rows a verdict needs {FEWEST_PROMPTS}, and only {cap - own:,} are judged: ask "
            f"{own + FEWEST_PROMPTS:,} prompts in all, hold out more rows, or leave out prompts of your own."
        )


def alpha_at(opening: int) -> float:
    """The chance of a false “ship” that the study of this opening may use: α/2, α/4, α/8, … which add up to α."""
    return ALPHA / 2**opening


def bar_at(opening: int) -> float:
    """The evidence that the study of this opening needs: 40, 80, 160, …"""
    return 1 / alpha_at(opening)


def bar_sentence(opening: int) -> str:
    """What this opening means for the evidence, to be shown before and after the rating."""
    if opening == 1:
        return f"These prompts are opened for the first time: the evidence must reach {bar_at(1):.0f} to 1."
    return (
        f"These prompts are opened for the {_ordinal(opening)} time, and every try gives luck another chance. So that "
        f"all tries together are wrong at most {100 * ALPHA:.0f} times in 100, the evidence must reach "
        f"{bar_at(opening):,.0f} to 1 instead of {bar_at(1):.0f} to 1. With fresh test rows it begins anew."
    )


def most_evidence(prompts: int) -> float:
    """The evidence of a study in which every comparison is won, (2ⁿ⁺¹-1)/(n+1)."""
    return (2.0 ** min(prompts + 1, 1000) - 1) / (prompts + 1)


@dataclass(frozen=True, slots=True)
class Opening:
    """One study that was frozen on some prompts, whatever became of it."""

    study_id: str
    prompts: frozenset[str]


def opening_number(earlier: Iterable[Opening], prompts: Iterable[str]) -> int:
    """Which opening of these prompts the next study is: one more than earlier studies that asked any of them.

    A study counts from its freezing on, once, and also if it was left unfinished or judged the same weights: each has
    its own share of the chance of error, and two studies with one share could be wrong twice as often.
    """
    asked = frozenset(prompts)
    return 1 + len({each.study_id for each in earlier if each.prompts & asked})


def _ordinal(number: int) -> str:
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _json(value: Any) -> str:
    return json.dumps(_plain(value), sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _plain(value: Any) -> Any:
    """Numbers that are whole are written as whole numbers, so that 0 and 0.0 have one fingerprint."""
    if isinstance(value, Mapping):
        return {name: _plain(held) for name, held in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(held) for held in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value

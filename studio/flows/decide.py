"""Decide: what a closed study shows, by a rule that was fixed before the first rating, and what somebody made of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from studio.domain.closing import Blinding, Details, IdenticalPairs, Mark, Marked, Place
from studio.domain.dealing import recurring
from studio.domain.errors import StudyError
from studio.domain.gate import ExactMatch, Labels, read_gate
from studio.domain.gate_result import Answered
from studio.domain.protocol import Rival
from studio.domain.ruling import Override, Ruling, overridden
from studio.domain.run import Run
from studio.domain.study import TUNED, Ask, Criterion, Study
from studio.domain.topics import NO_TOPIC
from studio.domain.verdict import Agreement, Decision, SideBias, Verdict
from studio.flows import topics, train
from studio.flows.audit import logged
from studio.flows.lights import Judging, judging
from studio.flows.studio import Studio
from studio.flows.votes import Closed, Said, closed, judged_of, rater_names
from studio.store import studies as stored
from studio.verdict.agreement import agreement_of_all
from studio.verdict.blinding import blinding, blinding_sign, identical_pairs
from studio.verdict.decide import side_bias
from studio.verdict.details import details
from studio.verdict.gates import exact
from studio.verdict.gates.labels import known_labels, label_of
from studio.verdict.gates.proposing import propose
from studio.verdict.marks import marked
from studio.verdict.ruling import rule
from studio.verdict.where import where

EXAMPLES = 5  # of each outcome, against one opponent alone
EXAMPLES_OF_SEVERAL = 3


@dataclass(frozen=True, slots=True)
class Example:
    """One rated pair, unblinded; `source` says where its prompt comes from."""

    question: str
    reference: str
    tuned: str
    other: str
    opponent: Rival
    outcome: str
    comment: str = ""
    rater: str = ""
    is_own: bool = False


@dataclass(frozen=True, slots=True)
class Against:
    """All that one opponent's contest shows; `equal` of `total` answers are the fine-tuned model's, word for word, and
    `cut` ran into the limit of tokens. People judged `own` prompts of somebody's own."""

    rival: Rival
    verdict: Verdict
    details: Details
    places: tuple[Place, ...]
    wins: tuple[Example, ...]
    losses: tuple[Example, ...]
    both_bad: tuple[Example, ...]
    equal: int
    exact: int
    total: int
    cut: int = 0
    own: int = 0
    marks: tuple[Marked, ...] = ()


@dataclass(frozen=True, slots=True)
class Rater:
    """Somebody who rated, by the name that they chose, and how much."""

    name: str
    judged: int
    skipped: int


@dataclass(frozen=True, slots=True)
class Decided:
    """A closed study with its ruling and everything to check it by.

    `exact` of the `referenced` fine-tuned answers to prompts with a reference equal it, apart from the blanks around
    lines; `total` counts every frozen prompt. `recurring` ratings were of a fine-tuned answer that the same person had
    seen before. `judging` says how far the gates are: the ruling knows nothing of those that are not judged yet, but
    that they are missing.
    """

    study: Study
    run: Run
    ruling: Ruling
    against: tuple[Against, ...]
    exact: int
    referenced: int
    total: int
    blind: Blinding
    identical: IdenticalPairs
    agreement: Agreement | None
    raters: tuple[Rater, ...]
    recurring: int
    sides: SideBias
    judging: Judging
    overrides: tuple[Override, ...] = ()
    cut: int = 0

    @property
    def verdict(self) -> Verdict:
        """The verdict against the first opponent."""
        return self.against[0].verdict


def verdict(studio: Studio, study_id: str) -> Decided:
    """What a closed study shows; StudyError before it is closed, so that nobody peeks at a side."""
    found = closed(studio, study_id)
    study, run = found.study, train.run(studio, found.study.run_id)
    rivals = [opponent.rival for opponent in study.protocol.opponents]
    said = {rival: [each for each in found.said if each.opponent is rival] for rival in rivals}
    judged = {rival: judged_of(each) for rival, each in said.items()}
    blind = blinding(found.guesses)
    far = judging(studio, study)
    shown = (*far.known, *([blinding_sign(blind)] if blind.guesses else []))
    ruling = rule(judged, protocol=study.protocol, skipped=_skipped(said), lights=shown)
    given = tuple(stored.overrides(studio.store, study_id))
    labels = _labels(studio, study, run, found.asks)
    return Decided(
        study=study,
        run=run,
        ruling=_with(given, ruling),
        against=tuple(_against(found, each.rival, each.verdict, said[each.rival], labels) for each in ruling.contests),
        exact=_exact(found, TUNED),
        referenced=sum(bool(ask.reference.strip()) for ask in found.asks),
        total=len(found.asks),
        blind=blind,
        identical=identical_pairs(found.identical),
        agreement=agreement_of_all(judged),
        raters=_raters(found),
        recurring=recurring(found.deck, found.dealt),
        sides=side_bias([one for each in judged.values() for one in each]),
        judging=far,
        overrides=given,
        cut=_cut(found, TUNED),
    )


@logged("decided by hand")
def override(studio: Studio, study_id: str, *, decision: Decision | None, reason: str, by: str) -> Decided:
    """Keep somebody's own decision beside the rule's; StudyError without one, a reason, a name or a difference."""
    if decision is None:
        raise StudyError("Nothing is decided yet.", fix="Choose what holds instead.", field="decision")
    found = verdict(studio, study_id)
    if found.judging.is_live:
        raise StudyError("The gates are still being judged.", fix="Wait until they are; then decide.")
    ruling = found.ruling
    given = overridden(ruling, decision=decision, reason=reason, by=by, at=datetime.now(UTC)).override
    assert given is not None
    stored.override(studio.store, study_id, given)
    return verdict(studio, study_id)


def _with(given: Sequence[Override], ruling: Ruling) -> Ruling:
    """The ruling with the newest override, if it is one."""
    differs = given and given[-1].decision is not ruling.decision
    return replace(ruling, override=given[-1]) if differs else ruling


def _skipped(said: dict[Rival, list[Said]]) -> dict[Rival, int]:
    """How many prompts were only ever skipped, by opponent."""
    found = {}
    for rival, each in said.items():
        judged = {one.ask.key for one in each if not one.is_skip}
        found[rival] = len({one.ask.key for one in each if one.is_skip} - judged)
    return found


def _against(
    found: Closed, rival: Rival, verdict: Verdict, said: Sequence[Said], labels: dict[str, tuple[str, ...]]
) -> Against:
    judged, examples = judged_of(said), [_example(each) for each in said if not each.is_skip]
    texts = [found.texts(rival, ask.key) for ask in found.asks]
    most = EXAMPLES if len(found.study.protocol.opponents) == 1 else EXAMPLES_OF_SEVERAL
    return Against(
        rival=rival,
        verdict=verdict,
        details=details(judged),
        places=where(judged, labels, opponent=rival.title),
        wins=_first(examples, "tuned", most),
        losses=_first(examples, "base", most),
        both_bad=_first(examples, "both_bad", most),
        equal=sum(tuned == other for tuned, other in texts),
        exact=_exact(found, rival.value),
        total=len(texts),
        cut=_cut(found, rival.value),
        own=len({each.ask.key for each in said if each.ask.row_number is None and not each.is_skip}),
        marks=marked([mark for each in said for mark in _marks(each)]),
    )


def _marks(said: Said) -> Iterator[Mark]:
    """What a rater gave both answers; where one side has no mark there is nothing to compare."""
    tuned, other = (said.rating.marks.get(side.value, {}) for side in (said.side, said.side.other))
    for criterion in Criterion:
        if criterion in tuned and criterion in other and not said.is_skip:
            yield Mark(said.ask.key, criterion.value, tuned[criterion], other[criterion])


def _example(said: Said) -> Example:
    return Example(
        question=said.ask.question,
        reference=said.ask.reference,
        tuned=said.tuned,
        other=said.other,
        opponent=said.opponent,
        outcome=said.outcome,
        comment=said.rating.comment,
        rater=said.rater,
        is_own=said.ask.row_number is None,
    )


def _first(examples: Sequence[Example], outcome: str, most: int) -> tuple[Example, ...]:
    """Examples with one outcome, each pair once with all that was written of it; commented ones come first, being the
    most worth reading."""
    found: dict[tuple[str, str, str], Example] = {}
    for each in (example for example in examples if example.outcome == outcome):
        pair = (each.question, each.tuned, each.other)
        known = found.get(pair)
        written = " / ".join(filter(None, (known.comment, each.comment))) if known else each.comment
        found[pair] = replace(known or each, comment=written)
    return tuple(sorted(found.values(), key=lambda example: not example.comment)[:most])


def _exact(found: Closed, contestant: str) -> int:
    """How many of a contestant's answers equal the reference, as the gate of that name compares them."""
    return sum(
        exact.mark(ExactMatch(), found.answers[ask.key, contestant].text, ask.reference).is_passed
        for ask in found.asks
        if ask.reference.strip()
    )


def _cut(found: Closed, contestant: str) -> int:
    """How many of a contestant's answers ended because they were too long."""
    return sum(found.answers[ask.key, contestant].is_cut for ask in found.asks)


def _raters(found: Closed) -> tuple[Rater, ...]:
    names, skips = rater_names(found.raters), {each.rating.card_id for each in found.said if each.is_skip}
    counted = []
    for link_id, name in names.items():
        own = [rating.card_id for rating in found.ratings if rating.rater == link_id]
        if own:
            counted.append(Rater(name, judged=sum(card not in skips for card in own), skipped=len(skips & set(own))))
    return tuple(counted)


def _labels(studio: Studio, study: Study, run: Run, asks: Sequence[Ask]) -> dict[str, tuple[str, ...]]:
    """What each sealed prompt is about: the label of its reference, and the topic of its row."""
    gate, known = _gate_of_labels(study, asks), topics.known(studio, run.dataset_id)
    names = known_labels(gate, [Answered(ask.key, ask.reference, None, None) for ask in asks]) if gate else {}
    found: dict[str, tuple[str, ...]] = {}
    for ask in asks:
        label = label_of(gate, ask.reference, names) if gate else None
        of = known.of[ask.row_number] if known and ask.row_number is not None else NO_TOPIC
        about = known.topics[of].name if known and of != NO_TOPIC else None
        found[ask.key] = tuple(each for each in (label, about) if each)
    return found


def _gate_of_labels(study: Study, asks: Sequence[Ask]) -> Labels | None:
    """The gate of labels that was frozen with the study; or else the one that its reference answers suggest."""
    frozen = [read_gate(gate) for gate in study.protocol.gates if gate.get("kind") == "labels"]
    suggested = [proposal.gate for proposal in propose([ask.reference for ask in asks])] if not frozen else []
    return next((gate for gate in (*frozen, *suggested) if isinstance(gate, Labels)), None)

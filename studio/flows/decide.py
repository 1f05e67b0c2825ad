"""Decide: open a closed study and say in plain words what it shows."""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader

from studio.data.ledger import spreadsheet_safe
from studio.domain.dealing import deck_of
from studio.domain.errors import StudyError
from studio.domain.light import Lit
from studio.domain.protocol import Rival
from studio.domain.ruling import Ruling
from studio.domain.run import Run
from studio.domain.study import TUNED, Answer, Ask, Choice, Rating, Side, Study, StudyState
from studio.domain.verdict import Judged, Verdict
from studio.flows import compare, judge, train
from studio.flows.lights import lights
from studio.flows.studio import Studio
from studio.store import cards
from studio.store import studies as stored
from studio.verdict.picture import dots
from studio.verdict.ruling import rule

EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Example:
    """One rated prompt, unblinded."""

    question: str
    reference: str
    tuned: str
    base: str
    outcome: str
    comment: str


@dataclass(frozen=True, slots=True)
class Exact:
    """How many answers equal the reference, apart from the blanks around lines; asked of every frozen prompt."""

    base: int
    tuned: int
    total: int


@dataclass(frozen=True, slots=True)
class Decided:
    """A closed study with its ruling and what to read beside it; `verdict` is the one against its first opponent."""

    study: Study
    run: Run
    ruling: Ruling
    wins: tuple[Example, ...]
    losses: tuple[Example, ...]
    both_bad: tuple[Example, ...]
    exact: Exact
    identical: int

    @property
    def verdict(self) -> Verdict:
        return self.ruling.contests[0].verdict


@dataclass(frozen=True, slots=True)
class Said:
    """One rating of a pair of different answers, with everything it was about, the sides lifted."""

    rating: Rating
    rater: str
    ask: Ask
    side: Side
    opponent: str
    tuned: str
    other: str

    @property
    def outcome(self) -> Any:
        """From the fine-tuned model's side; "skip" where nothing was said."""
        if self.rating.choice in (Choice.TIE, Choice.BOTH_BAD, Choice.SKIP):
            return self.rating.choice.value
        return "tuned" if Side(self.rating.choice.value) is self.side else "base"


def verdict(studio: Studio, study_id: str) -> Decided:
    """The verdict of a closed study; StudyError before it is closed, so that nobody peeks at a side."""
    study = compare.study(studio, study_id)
    if study.state is not StudyState.CLOSED:
        raise StudyError(
            "This comparison is still open.", fix="Close the rating first; the sides stay hidden until then."
        )
    said = everything_said(studio, study)
    judged = [each for each in said if each.rating.choice is not Choice.SKIP]
    answers, asks = stored.answers(studio.store, study_id), stored.asks(studio.store, study_id)
    examples = [_example(each) for each in judged]
    return Decided(
        study=study,
        run=train.run(studio, study.run_id),
        ruling=_ruling(study, said, lights(studio, study)),
        wins=_first(examples, "tuned"),
        losses=_first(examples, "base"),
        both_bad=_first(examples, "both_bad"),
        exact=_exact(asks, answers),
        identical=sum(answers[ask.key, TUNED].text == answers[ask.key, study.contestants[1]].text for ask in asks),
    )


def _ruling(study: Study, said: Sequence[Said], shown: Sequence[Lit]) -> Ruling:
    judged: dict[Rival, list[Judged]] = {opponent.rival: [] for opponent in study.protocol.opponents}
    skipped: dict[Rival, set[str]] = {rival: set() for rival in judged}
    for each in said:
        if each.rating.choice is Choice.SKIP:
            skipped[Rival(each.opponent)].add(each.ask.key)
        else:
            judged[Rival(each.opponent)].append(_judged(each))
    left = {rival: len(keys - {each.prompt_id for each in judged[rival]}) for rival, keys in skipped.items()}
    return rule(judged, protocol=study.protocol, skipped=left, lights=shown)


def everything_said(studio: Studio, study: Study) -> list[Said]:
    """Every current rating of a pair of different answers, in the order in which they were given."""
    asks = {ask.key: ask for ask in stored.asks(studio.store, study.id)}
    answers, deck = stored.answers(studio.store, study.id), deck_of(study.protocol, seed=study.seed)
    pairs = {pair.id: pair for pair in deck.pairs}
    dealt = {card.id: card for card in cards.dealt(studio.store, study.id)}
    names = {link.id: link.label for link in judge.raters(studio, study.id)}
    found = []
    for rating in cards.ratings(studio.store, study.id):
        card = dealt[rating.card_id]
        pair = pairs[card.pair_id]
        if pair.opponent is None:
            continue
        key = pair.prompt
        tuned, other = answers[key, TUNED].text, answers[key, pair.opponent].text
        name = names.get(rating.rater, "") or rating.rater
        found.append(Said(rating, name, asks[key], card.side, pair.opponent, tuned, other))
    return found


def _judged(said: Said) -> Judged:
    return Judged(
        prompt_id=said.ask.key,
        rater=said.rating.rater,
        outcome=said.outcome,
        tuned_side=said.side.value,
        seconds=said.rating.seconds,
        tuned_chars=len(said.tuned),
        base_chars=len(said.other),
    )


def _example(said: Said) -> Example:
    return Example(
        question=said.ask.question,
        reference=said.ask.reference,
        tuned=said.tuned,
        base=said.other,
        outcome=said.outcome,
        comment=said.rating.comment,
    )


def _first(examples: list[Example], outcome: str) -> tuple[Example, ...]:
    """Examples with one outcome; those that a rater commented on come first, being the most worth reading."""
    found = [example for example in examples if example.outcome == outcome]
    return tuple(sorted(found, key=lambda example: not example.comment)[:EXAMPLES])


def _exact(asks: Sequence[Ask], answers: Mapping[tuple[str, str], Answer]) -> Exact:
    def lines(text: str) -> list[str]:
        return [line.strip() for line in text.strip().splitlines()]

    def same(contestant: str) -> int:
        return sum(lines(answers[ask.key, contestant].text) == lines(ask.reference) for ask in asks)

    return Exact(base=same(Rival.BASE), tuned=same(TUNED), total=len(asks))


def _rating_records(studio: Studio, study_id: str) -> Iterator[dict[str, Any]]:
    """Every current rating with what was on which side; only of a closed study."""
    study = verdict(studio, study_id).study
    for said in everything_said(studio, study):
        yield {
            "study": study.id,
            "protocol": study.fingerprint,
            "card": said.rating.card_id,
            "rater": said.rater,
            "at": said.rating.at.isoformat(),
            "choice": said.rating.choice.value,
            "tuned_side": said.side.value,
            "opponent": said.opponent,
            "outcome": said.outcome,
            "seconds": said.rating.seconds,
            "comment": said.rating.comment,
            "prompt": "\n".join(f"{m.role}: {m.text}" for m in said.ask.prompt),
            "tuned_answer": said.tuned,
            "base_answer": said.other,
            "reference": said.ask.reference,
        }


def ratings_csv(studio: Studio, study_id: str) -> Path:
    """All ratings with sides and texts as CSV that a spreadsheet opens without running anything."""
    records = list(_rating_records(studio, study_id))
    target = studio.workspace.exports / f"{study_id}-ratings.csv"
    with target.open("w", newline="", encoding="utf-8-sig") as file:
        writer = csv.DictWriter(file, fieldnames=list(records[0]))
        writer.writeheader()
        writer.writerows(
            {name: spreadsheet_safe(value) if isinstance(value, str) else value for name, value in record.items()}
            for record in records
        )
    return target


def ratings_jsonl(studio: Studio, study_id: str) -> Path:
    """All ratings with sides and texts as JSONL."""
    target = studio.workspace.exports / f"{study_id}-ratings.jsonl"
    lines = [json.dumps(record, ensure_ascii=False) for record in _rating_records(studio, study_id)]
    target.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return target


def report_page(studio: Studio, study_id: str) -> str:
    """The one-page report as HTML that needs nothing but a browser."""
    decided = verdict(studio, study_id)
    environment = Environment(loader=FileSystemLoader(studio.assets), autoescape=True)
    return environment.get_template("report.html.jinja").render(
        decided=decided,
        verdict=decided.verdict,
        evidence=asdict(decided.verdict.evidence),
        dots=dots(decided.verdict.tally),
        made=datetime.now(UTC).strftime("%-d %B %Y, %H:%M UTC"),
    )


def report_html(studio: Studio, study_id: str) -> Path:
    """The report as a file to send."""
    target = studio.workspace.exports / f"{study_id}-verdict.html"
    target.write_text(report_page(studio, study_id), encoding="utf-8")
    return target

"""Votes: what people said of a closed study with the sides lifted, and the files to check a verdict by."""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio.data.ledger import spreadsheet_safe
from studio.domain.closing import Guess
from studio.domain.dealing import Dealt, Deck, Pair, deck_of
from studio.domain.errors import StudyError
from studio.domain.protocol import Rival
from studio.domain.study import (
    TUNED,
    Answer,
    Ask,
    Choice,
    Guessed,
    Link,
    Rating,
    Side,
    Study,
    StudyState,
    Suspicion,
)
from studio.domain.verdict import Judged, Outcome
from studio.flows import compare, judge
from studio.flows.studio import Studio
from studio.store import cards
from studio.store import studies as stored


@dataclass(frozen=True, slots=True)
class Said:
    """One rating of a pair of different answers, with everything it was about, the sides lifted."""

    rating: Rating
    rater: str
    ask: Ask
    side: Side
    opponent: Rival
    tuned: str
    other: str

    @property
    def is_skip(self) -> bool:
        return self.rating.choice is Choice.SKIP

    @property
    def outcome(self) -> Outcome:
        """From the fine-tuned model's side; of a rating that says something."""
        match self.rating.choice:
            case Choice.TIE:
                return "tie"
            case Choice.BOTH_BAD:
                return "both_bad"
            case choice:
                return "tuned" if choice.value == self.side.value else "base"


@dataclass(frozen=True, slots=True)
class Closed:
    """All that is kept of a closed study, read once; `said` leaves out the identical pairs."""

    study: Study
    asks: tuple[Ask, ...]
    answers: Mapping[tuple[str, str], Answer]
    deck: Deck
    dealt: tuple[Dealt, ...]
    raters: tuple[Link, ...]
    ratings: tuple[Rating, ...]
    said: tuple[Said, ...]
    guesses: tuple[Guess, ...]
    identical: tuple[Choice, ...]

    def texts(self, rival: Rival, key: str) -> tuple[str, str]:
        """What the fine-tuned model and this opponent answered to a prompt."""
        return self.answers[key, TUNED].text, self.answers[key, rival.value].text


def closed(studio: Studio, study_id: str) -> Closed:
    """A closed study with the sides lifted; StudyError before it is closed, so that nobody peeks at a side."""
    study = compare.study(studio, study_id)
    if study.state is not StudyState.CLOSED:
        raise StudyError(
            "This comparison is still open.", fix="Close the rating first; the sides stay hidden until then."
        )
    asks, answers = stored.asks(studio.store, study_id), stored.answers(studio.store, study_id)
    deck, dealt = deck_of(study.protocol, seed=study.seed), cards.dealt(studio.store, study_id)
    raters, ratings = judge.raters(studio, study_id), cards.ratings(studio.store, study_id)
    pairs = {pair.id: pair for pair in deck.pairs}
    held = {card.id: (card, pairs[card.pair_id]) for card in dealt}
    names, prompts = rater_names(raters), {ask.key: ask for ask in asks}
    said = [
        _said(rating, *held[rating.card_id], names=names, asks=prompts, answers=answers)
        for rating in ratings
        if not held[rating.card_id][1].is_identical
    ]
    return Closed(
        study=study,
        asks=tuple(asks),
        answers=answers,
        deck=deck,
        dealt=tuple(dealt),
        raters=tuple(raters),
        ratings=tuple(ratings),
        said=tuple(said),
        guesses=tuple(_lifted(cards.suspicions(studio.store, study_id), held)),
        identical=tuple(each.choice for each in ratings if held[each.card_id][1].is_identical),
    )


def rater_names(raters: Sequence[Link]) -> dict[str, str]:
    """The names that raters chose; who chose none, or gave an address, is told by a number."""
    return {
        link.id: f"rater {number}" if not link.label.strip() or "@" in link.label else link.label
        for number, link in enumerate(raters, start=1)
    }


def judged_of(said: Sequence[Said]) -> list[Judged]:
    """The ratings as the verdict takes them; a skip is none."""
    return [
        Judged(
            prompt_id=each.ask.key,
            rater=each.rating.rater,
            outcome=each.outcome,
            tuned_side=each.side,
            seconds=each.rating.seconds,
            tuned_chars=len(each.tuned),
            base_chars=len(each.other),
        )
        for each in said
        if not each.is_skip
    ]


def _said(
    rating: Rating,
    card: Dealt,
    pair: Pair,
    *,
    names: Mapping[str, str],
    asks: Mapping[str, Ask],
    answers: Mapping[tuple[str, str], Answer],
) -> Said:
    rival = Rival(pair.opponent)
    return Said(
        rating=rating,
        rater=names.get(rating.rater, rating.rater),
        ask=asks[pair.prompt],
        side=card.side,
        opponent=rival,
        tuned=answers[pair.prompt, TUNED].text,
        other=answers[pair.prompt, rival.value].text,
    )


def _lifted(suspicions: Sequence[Suspicion], held: Mapping[str, tuple[Dealt, Pair]]) -> Iterator[Guess]:
    """What raters guessed, by the side on which the new model was; an identical pair has no such side."""
    for suspicion in suspicions:
        card, pair = held[suspicion.card_id]
        if pair.is_identical:
            continue
        if suspicion.guessed is Guessed.UNSURE:
            yield Guess.UNSURE
        else:
            yield Guess.CORRECT if suspicion.guessed.value == card.side.value else Guess.MISTAKEN


def _records(found: Closed) -> Iterator[dict[str, Any]]:
    """Every rating that counts, with what was on which side."""
    for each in found.said:
        rating = each.rating
        yield {
            "study": found.study.id,
            "protocol": found.study.fingerprint,
            "card": rating.card_id,
            "prompt_key": each.ask.key,
            "rater": each.rater,
            "at": rating.at.isoformat(),
            "choice": rating.choice.value,
            "tuned_side": each.side.value,
            "opponent": each.opponent.value,
            "outcome": "skip" if each.is_skip else each.outcome,
            "seconds": rating.seconds,
            "marks": {side: dict(given) for side, given in rating.marks.items()},
            "comment": rating.comment,
            "prompt": "\n".join(f"{turn.role}: {turn.text}" for turn in each.ask.prompt),
            "tuned_answer": each.tuned,
            "opponent_answer": each.other,
            "reference": each.ask.reference,
        }


def votes_csv(studio: Studio, study_id: str) -> Path:
    """All votes with sides and texts as CSV that a spreadsheet opens without running anything."""
    records = list(_records(closed(studio, study_id)))
    target = studio.workspace.exports / f"{study_id}-votes.csv"
    with target.open("w", newline="", encoding="utf-8-sig") as file:
        writer = csv.DictWriter(file, fieldnames=list(records[0]) if records else ["study"])
        writer.writeheader()
        writer.writerows({name: _cell(value) for name, value in record.items()} for record in records)
    return target


def _cell(value: Any) -> Any:
    if isinstance(value, dict):
        value = json.dumps(value, ensure_ascii=False) if value else ""
    return spreadsheet_safe(value) if isinstance(value, str) else value


def votes_jsonl(studio: Studio, study_id: str) -> Path:
    """All votes with sides and texts as JSONL."""
    target = studio.workspace.exports / f"{study_id}-votes.jsonl"
    lines = [json.dumps(record, ensure_ascii=False) + "\n" for record in _records(closed(studio, study_id))]
    target.write_text("".join(lines), encoding="utf-8")
    return target

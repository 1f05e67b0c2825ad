"""Votes: what people said of a closed study with the sides lifted, and the files to check a verdict by."""

import codecs
import json
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from studio.data.spreadsheet import as_table
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

NO_LONGER_SAID = "none"  # the outcome of a card whose judgement was taken back for good


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
class Left:
    """What a rater said of a pair and then replaced or took back, and when."""

    said: Said
    at: datetime
    why: str


@dataclass(frozen=True, slots=True)
class Closed:
    """All that is kept of a closed study, read once; `said` and what was `left` leave out the identical pairs."""

    study: Study
    asks: tuple[Ask, ...]
    answers: Mapping[tuple[str, str], Answer]
    deck: Deck
    dealt: tuple[Dealt, ...]
    raters: tuple[Link, ...]
    ratings: tuple[Rating, ...]
    said: tuple[Said, ...]
    left: tuple[Left, ...]
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

    def lifted(rating: Rating) -> Said | None:
        card, pair = held[rating.card_id]
        return None if pair.is_identical else _said(rating, card, pair, names=names, asks=prompts, answers=answers)

    past = [(lifted(each.rating), each) for each in cards.history(studio.store, study_id)]
    return Closed(
        study=study,
        asks=tuple(asks),
        answers=answers,
        deck=deck,
        dealt=tuple(dealt),
        raters=tuple(raters),
        ratings=tuple(ratings),
        said=tuple(said for said in map(lifted, ratings) if said),
        left=tuple(Left(said, each.left_at, each.why) for said, each in past if said),
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
    """Every rating that counts, with what was on which side and what it replaced; then what was taken back for good."""
    left: dict[str, list[Left]] = defaultdict(list)
    for each in found.left:
        left[each.said.rating.card_id].append(each)
    for said in found.said:
        yield _record(found, said, left.pop(said.rating.card_id, []))
    for only in left.values():
        unsaid = {"at": "", "choice": "", "outcome": NO_LONGER_SAID, "seconds": None, "marks": {}, "comment": ""}
        yield _record(found, only[-1].said, only) | unsaid


def _record(found: Closed, said: Said, earlier: Sequence[Left]) -> dict[str, Any]:
    return {
        "study": found.study.id,
        "protocol": found.study.fingerprint,
        "card": said.rating.card_id,
        "prompt_key": said.ask.key,
        "rater": said.rater,
        **_judgement(said),
        "tuned_side": said.side.value,
        "opponent": said.opponent.value,
        "earlier": [_judgement(each.said) | {"left_at": each.at.isoformat(), "why": each.why} for each in earlier],
        "prompt": "\n".join(f"{turn.role}: {turn.text}" for turn in said.ask.prompt),
        "tuned_answer": said.tuned,
        "opponent_answer": said.other,
        "reference": said.ask.reference,
    }


def _judgement(said: Said) -> dict[str, Any]:
    rating = said.rating
    return {
        "at": rating.at.isoformat(),
        "choice": rating.choice.value,
        "outcome": "skip" if said.is_skip else said.outcome,
        "seconds": rating.seconds,
        "marks": {side: dict(given) for side, given in rating.marks.items()},
        "comment": rating.comment,
    }


def votes_csv(studio: Studio, study_id: str) -> Path:
    """All votes with sides and texts as CSV that a spreadsheet opens without running anything."""
    records = list(_records(closed(studio, study_id)))
    table = as_table(list(records[0]) if records else ["study"], ([*map(_cell, record.values())] for record in records))
    return _written(studio, f"{study_id}-votes.csv", codecs.BOM_UTF8 + b"".join(table))


def votes_jsonl(studio: Studio, study_id: str) -> Path:
    """All votes with sides and texts as JSONL."""
    lines = [json.dumps(record, ensure_ascii=False) + "\n" for record in _records(closed(studio, study_id))]
    return _written(studio, f"{study_id}-votes.jsonl", "".join(lines).encode())


def _written(studio: Studio, name: str, text: bytes) -> Path:
    """A file that is whole at every moment, also where two people ask for it at once."""
    with tempfile.TemporaryDirectory(dir=studio.workspace.exports) as scratch:
        fresh = Path(scratch) / name
        fresh.write_bytes(text)
        return fresh.replace(studio.workspace.exports / name)


def _cell(value: Any) -> Any:
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False) if value else ""
    return value

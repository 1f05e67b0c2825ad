"""Decide: open a closed study and say in plain words what it shows."""

import csv
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader

from studio.data.ledger import spreadsheet_safe
from studio.domain.errors import StudyError
from studio.domain.run import Run
from studio.domain.study import Choice, Item, Rating, Side, Study, StudyState
from studio.domain.verdict import Judged, Verdict
from studio.flows import compare, train
from studio.flows.studio import Studio
from studio.store import studies as stored
from studio.verdict.decide import decide
from studio.verdict.picture import dots

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
    """A closed study with its verdict and what to read beside it."""

    study: Study
    run: Run
    verdict: Verdict
    wins: tuple[Example, ...]
    losses: tuple[Example, ...]
    both_bad: tuple[Example, ...]
    exact: Exact
    identical: int


def verdict(studio: Studio, study_id: str) -> Decided:
    """The verdict of a closed study; StudyError before it is closed, so that nobody peeks at a side."""
    study = compare.study(studio, study_id)
    if study.state is not StudyState.CLOSED:
        raise StudyError(
            "This comparison is still open.", fix="Close the rating first; the sides stay hidden until then."
        )
    items = {item.id: item for item in stored.items(studio.store, study_id)}
    ratings = stored.ratings(studio.store, study_id)
    judged = [_judged(rating, items[rating.item_id]) for rating in ratings if rating.choice is not Choice.SKIP]
    examples = [_example(rating, items[rating.item_id]) for rating in ratings if rating.choice is not Choice.SKIP]
    return Decided(
        study=study,
        run=train.run(studio, study.run_id),
        verdict=decide(
            judged,
            skipped=len({r.item_id for r in ratings if r.choice is Choice.SKIP} - {j.prompt_id for j in judged}),
            planned=study.prompts,
            margin=study.margin,
            earlier_looks=len(compare.earlier_looks(studio, study)),
        ),
        wins=_first(examples, "tuned"),
        losses=_first(examples, "base"),
        both_bad=_first(examples, "both_bad"),
        exact=_exact(list(items.values())),
        identical=sum(item.base_answer == item.tuned_answer for item in items.values()),
    )


def _judged(rating: Rating, item: Item) -> Judged:
    return Judged(
        prompt_id=item.id,
        rater=rating.rater,
        outcome=_outcome(rating, item),
        tuned_side=item.tuned_side.value,
        seconds=rating.seconds,
        tuned_chars=len(item.tuned_answer),
        base_chars=len(item.base_answer),
    )


def _outcome(rating: Rating, item: Item) -> Any:
    if rating.choice in (Choice.TIE, Choice.BOTH_BAD):
        return rating.choice.value
    return "tuned" if Side(rating.choice.value) is item.tuned_side else "base"


def _example(rating: Rating, item: Item) -> Example:
    return Example(
        question=next((m.content for m in reversed(item.prompt) if m.role == "user"), ""),
        reference=item.reference,
        tuned=item.tuned_answer,
        base=item.base_answer,
        outcome=_outcome(rating, item),
        comment=rating.comment,
    )


def _first(examples: list[Example], outcome: str) -> tuple[Example, ...]:
    """Examples with one outcome; those that a rater commented on come first, being the most worth reading."""
    found = [example for example in examples if example.outcome == outcome]
    return tuple(sorted(found, key=lambda example: not example.comment)[:EXAMPLES])


def _exact(items: list[Item]) -> Exact:
    def same(answer: str, reference: str) -> bool:
        return [line.strip() for line in answer.strip().splitlines()] == [
            line.strip() for line in reference.strip().splitlines()
        ]

    return Exact(
        base=sum(same(item.base_answer, item.reference) for item in items),
        tuned=sum(same(item.tuned_answer, item.reference) for item in items),
        total=len(items),
    )


def _rating_records(studio: Studio, study_id: str) -> Iterator[dict[str, Any]]:
    """Every current rating with what was on which side; only of a closed study."""
    study = verdict(studio, study_id).study
    items = {item.id: item for item in stored.items(studio.store, study_id)}
    for rating in stored.ratings(studio.store, study_id):
        item = items[rating.item_id]
        yield {
            "study": study.id,
            "protocol": study.protocol,
            "item": item.id,
            "rater": rating.rater,
            "at": rating.at.isoformat(),
            "choice": rating.choice.value,
            "tuned_side": item.tuned_side.value,
            "outcome": "skip" if rating.choice is Choice.SKIP else _outcome(rating, item),
            "seconds": rating.seconds,
            "comment": rating.comment,
            "prompt": "\n".join(f"{m.role}: {m.text}" for m in item.prompt),
            "tuned_answer": item.tuned_answer,
            "base_answer": item.base_answer,
            "reference": item.reference,
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

"""Understand: what is known of a file while it is still being read, and what other fields would make of it."""

from dataclasses import dataclass

from studio.data.encodings import Legacy, Preview
from studio.data.looking import load_samples, sample_as
from studio.data.mapping import guess_mapping
from studio.data.parsing import parse_object
from studio.data.problem import Problem
from studio.data.survey import Survey
from studio.domain.dataset import PARTS, Guess, Layout, Mapping
from studio.domain.errors import DatasetError
from studio.domain.event import EventKind
from studio.domain.row import Row, row_from
from studio.flows import bring
from studio.flows.studio import Studio
from studio.store import datasets as stored
from studio.store import jobs


@dataclass(frozen=True, slots=True)
class FirstRows:
    """The first rows of a file as they are understood while it is still being read; the guess may yet change."""

    guess: Guess
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Tried:
    """A sample row as it is `written`, and what it would be: a `row`, or a `problem`."""

    line: int
    written: str
    row: Row | None = None
    problem: Problem | None = None


def encodings(studio: Studio, dataset_id: str) -> list[Legacy]:
    """The encodings that lines which are not UTF-8 may be written in, the likeliest first, each with what they say."""
    return [
        Legacy(**{**told, "preview": tuple(Preview(**shown) for shown in told["preview"])})
        for told in bring.told(studio, dataset_id).get("encodings", [])
    ]


def first_rows(studio: Studio, dataset_id: str) -> FirstRows | None:
    """What has been understood so far of a file that is still being read, or None before there is any."""
    found = stored.get(studio.store, dataset_id)
    told = jobs.events(studio.store, found.job_id, kinds=[EventKind.ROWS])
    if not told:
        return None
    newest = told[-1].event.data
    rows = [row_from(number, record) for number, record in enumerate(newest["rows"])]
    return FirstRows(stored.guess_from(newest["guess"]), tuple(rows))


def suggested(studio: Studio, dataset_id: str, layout: Layout) -> Mapping:
    """The fields that the sample rows have for a layout; none where nothing fits."""
    survey = Survey()
    for _, raw in load_samples(studio.workspace.dataset(dataset_id)):
        value = parse_object(raw)
        if not isinstance(value, Problem):
            survey.add(value)
    guess = guess_mapping(survey, layout=layout)
    return guess.mapping if guess else Mapping(layout, {})


def understood(studio: Studio, dataset_id: str, mapping: Mapping) -> list[Tried]:
    """What the sample rows of a dataset would be with these fields.

    DatasetError while a part that every row needs has no field.
    """
    if missing := next((part for part in PARTS[mapping.layout].required if not mapping.fields.get(part)), None):
        raise DatasetError(f"No field is chosen for {missing}.", fix="Choose the field of your file.", field=missing)
    samples = load_samples(studio.workspace.dataset(dataset_id))
    return [_tried(number, line, raw, mapping) for number, (line, raw) in enumerate(samples)]


def _tried(number: int, line: int, raw: bytes, mapping: Mapping) -> Tried:
    found = sample_as(raw, mapping)
    if isinstance(found, Problem):
        return Tried(line, raw.decode(), problem=found)
    return Tried(line, raw.decode(), row=row_from(number, {"line": line, **found.record}))

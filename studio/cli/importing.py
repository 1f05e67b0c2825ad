"""Importing: a file becomes a dataset; what was refused is told with its place, and what could be done about it."""

from pathlib import Path
from typing import Annotated

import typer

from studio.cli.output import Json, answer, say, verb
from studio.cli.workspace import opened
from studio.data.encodings import CHARSETS, Legacy
from studio.domain.dataset import PART_TITLES, PARTS, Mapping, Reject
from studio.domain.errors import DatasetError
from studio.flows import bring, train, understand

LISTED = 20


@verb
def import_file(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="A file of examples (JSONL, JSON, CSV, Excel, Parquet), or the name of a sample."
        ),
    ],
    name: Annotated[str | None, typer.Option(help="What to call it.")] = None,
    map: Annotated[list[str] | None, typer.Option(help="Which field plays which part: --map prompt=question.")] = None,
    repair: Annotated[list[str] | None, typer.Option(help="Repair lines: a kind of repair, or all.")] = None,
    encoding: Annotated[
        str | None, typer.Option(help=f"How a text is written that is not in Unicode: {', '.join(CHARSETS)}.")
    ] = None,
    by_guess: Annotated[
        bool, typer.Option("--by-guess", help="Guess the fields, whatever was chosen for the last file like this one.")
    ] = False,
    json: Json = False,
) -> None:
    """Read a file of examples into an immutable dataset."""
    mapping, repairs = _mapping(map) if map else None, _repairs(repair or [])
    studio = opened(working=True)
    if not file.exists() and str(file) in {sample.id for sample in bring.samples(studio)}:
        found = bring.bring_sample(studio, str(file), name=name, mapping=mapping, repairs=repairs)
    else:
        found = bring.bring_file(
            studio, file, name=name, mapping=mapping, repairs=repairs, encoding=encoding, by_guess=by_guess
        )
    train.wait(studio, found.job_id)
    rejects = bring.rejects(studio, found.id)
    try:
        read = bring.ready(studio, found.id)
    except DatasetError:
        if rejects and not json:
            say("\n".join(_refused(rejects)), err=True)
        raise
    offers, repaired = bring.repairs(studio, found.id), bring.repaired(studio, found.id)
    encodings = understand.encodings(studio, found.id)
    values = {
        "dataset": read.id, "name": read.name, "rows": read.rows, "rejects": read.rejects, "lines": read.lines,
        "blank_lines": read.blank_lines, "fingerprint": read.fingerprint, "guess": read.guess, "rejected": rejects,
        "repaired": repaired.counts, "repairs": offers, "encodings": encodings,
    }  # fmt: skip
    refused = f"{read.rejects:,} {'line' if read.rejects == 1 else 'lines'} refused"
    words = [
        f"{read.id}: {read.rows:,} {'row' if read.rows == 1 else 'rows'} read, {refused}.",
        read.guess.reason if read.guess else "",
        repaired.sentence,
        *_refused(rejects),
        f"  … and {read.rejects - LISTED:,} more." if read.rejects > LISTED else "",
        *(f"{offer.title} {offer.remedy} Import with --repair {offer.kind}." for offer in offers),
        *(_encoding_words(each) for each in encodings),
    ]
    answer(json, values, "\n".join(filter(None, words)))


def _refused(rejects: list[Reject]) -> list[str]:
    return [_refused_words(reject) for reject in rejects[:LISTED]]


def _refused_words(reject: Reject) -> str:
    """A refused line with its place, and below it what is written there, the place marked with a caret."""
    place = reject.place + (f" ({reject.field})" if reject.field else "")
    mend = f" Import with --repair {reject.repair}." if reject.repair else ""
    shown = "".join(f"\n      {line}" for line in reject.excerpt.lines) if reject.excerpt else ""
    return f"  {place}: {reject.reason} {reject.fix}{mend}{shown}"


def _encoding_words(found: Legacy) -> str:
    first = found.preview[0]
    said = " ".join(first.text.split())
    return f"As {found.title}, line {first.line:,} says: {said} Import with --encoding {found.encoding}."


def _mapping(pairs: list[str]) -> Mapping:
    """The mapping that the named parts belong to; whether its fields exist is found out by who reads the file."""
    fields = dict(pair(each) for each in pairs)
    if unknown := [part for part in fields if part not in PART_TITLES]:
        raise typer.BadParameter(f"{unknown[0]!r} is no part of a row; the parts are {', '.join(PART_TITLES)}")
    telling = ("text", "chosen", "rejected", "messages", "completion", "response", "instruction", "prompt")
    first = next((part for part in telling if part in fields), "messages")
    return Mapping(next(layout for layout, parts in PARTS.items() if first in parts.all), fields)


def _repairs(kinds: list[str]) -> list[str]:
    """The repairs that are named, or every one."""
    if "all" in kinds:
        return list(bring.Repair)
    if unknown := [kind for kind in kinds if kind not in list(bring.Repair)]:
        raise typer.BadParameter(f"{unknown[0]!r} is no repair; the repairs are all, {', '.join(bring.Repair)}")
    return kinds


def pair(text: str) -> tuple[str, str]:
    """The two sides of KEY=VALUE."""
    key, sign, value = text.partition("=")
    if not sign or not key or not value:
        raise typer.BadParameter(f"{text!r} is not KEY=VALUE")
    return key, value

"""Page: docs/accuracy.md, which says how far the checks can be trusted."""

import os
import platform
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version

from bench.accuracy.case_scores import NOT_LOOKED_FOR, KindScores
from bench.accuracy.copies import NEAR_KINDS
from bench.accuracy.measuring import MOST_LEAKED, NEAR_PRECISION, NEAR_RECALL, Measured
from bench.accuracy.share import Share, percent
from bench.accuracy.words import (
    CASES,
    CONFLICTS,
    INTRODUCTION,
    LANGUAGES,
    LEAKAGE,
    LIMITS,
    NAMES,
    NEAR,
    PASTED,
    REPRODUCE,
    SLIPS,
    TWINS,
)
from studio.data.alike import FAMILY_ROWS
from studio.data.checks.lists import sections
from studio.domain.finding import FindingKind

K = FindingKind


def page(measured: Measured) -> str:
    """The whole page; the tables come from what was measured, the words around them from words.py."""
    parts = [
        INTRODUCTION.format(
            rows=f"{len(measured.copies.rows):,}", others=f"{measured.cases.rows:,}",
            date=f"{datetime.now(UTC):%d %B %Y}", python=platform.python_version(), numpy=version("numpy"),
            scipy=version("scipy"),
            machine=platform.machine(), generator=measured.world.replace("_", "-"),
        ),
        _summary(measured),
        *_copies(measured),
        *_cases(measured),
        LIMITS.format(family=FAMILY_ROWS),
        _speed(measured),
        REPRODUCE,
    ]  # fmt: skip
    return "\n".join(part.rstrip("\n") + "\n" for part in parts)


def _table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def _summary(measured: Measured) -> str:
    copies, kinds = measured.copies, measured.cases.kinds
    conflicts = _sum(copies.conflicts.values())
    rows: list[Sequence[object]] = [
        ("same word for word", copies.recall["exact"], copies.precision["exact"], ""),
        ("same but for capitals, spaces, punctuation", copies.recall["normalised"], copies.precision["normalised"], ""),
        ("near copies, outside template families", copies.recall["near"], copies.precision["near"],
         _sum(copies.twins.values())),
        (f"template families of {FAMILY_ROWS} rows and more", copies.families["rows of them"],
         copies.families["rows in a found family that belong to it"], ""),
        ("contradictions (precision: of the grave ones)", conflicts, copies.precision["grave contradictions"], ""),
        *((NAMES[kind], scores.recall, scores.precision, scores.mistakes) for kind, scores in kinds.items()),
    ]  # fmt: skip
    out = ", ".join(f"{NAMES[kind]} {count:,}" for kind, count in measured.out_of_place.items())
    return (
        _table(["finding", "recall", "precision", "look-alikes wrongly named"], rows)
        + f"\n\nIn the {len(copies.rows):,} rows with copies, where none of these were planted, "
        f"the checks named: {out}.\n\nHeld by every change: recall of near copies ≥ {percent(NEAR_RECALL)}, "
        f"precision ≥ {percent(NEAR_PRECISION)}, "
        f"held-out rows with a copy in training ≤ {percent(MOST_LEAKED)}."
    )


def _sum(shares: Iterable[Share]) -> Share:
    held = list(shares)
    return Share(sum(share.hits for share in held), sum(share.of for share in held))


def _copies(measured: Measured) -> Iterable[str]:
    copies = measured.copies
    yield NEAR + _table(
        ["what was done to the copy", "found outside families", "found inside families"],
        [(SLIPS[kind], copies.recall[kind], copies.recall_in_families[kind]) for kind in NEAR_KINDS],
    )
    yield TWINS + _table(["pair that differs in", "wrongly called copies"], copies.twins.items())
    graded = [
        (kind, copies.conflicts[kind], _grades(copies.grades[kind]), copies.conflicts_as_copies[kind])
        for kind in copies.conflicts
    ]
    yield CONFLICTS + _table(["same question, and", "found", "told as", "also called a near copy"], graded)
    yield LEAKAGE + _table(
        ["rows dealt", "held-out rows with a copy in training", "in template families"],
        [(name, leaked.outside, leaked.inside) for name, leaked in measured.leakage.items()],
    )


def _grades(counts: dict[str, int]) -> str:
    words = {"high": "contradicts", "medium": "may contradict", "info": "other words"}
    return ", ".join(f"{words[grade]} {counts[grade]:,}" for grade in words if counts[grade])


def _cases(measured: Measured) -> Iterable[str]:
    kinds = measured.cases.kinds
    for kind in (K.PERSONAL, K.SECRET):
        yield PASTED[kind] + _pasted(kinds[kind])
    yield LANGUAGES + _table(
        ["language", "refusals found", "speaking as an AI found", "look-alikes wrongly named"],
        [
            (_told(language), *(kinds[kind].planted[language].share for kind in (K.REFUSAL, K.SELF_REFERENCE)),
             _sum(kinds[kind].look_alikes[language].share for kind in (K.REFUSAL, K.SELF_REFERENCE)))
            for language in kinds[K.REFUSAL].planted
        ],
    )  # fmt: skip
    yield CASES + _table(
        ["finding", "what was planted", "found"],
        [
            (NAMES[kind], _told(sort), count.share)
            for kind in (K.CUT_SHORT, K.FORMAT, K.LABELS, K.LANGUAGE, K.SPACES)
            for sort, count in sorted(kinds[kind].planted.items())
        ],
    )


def _told(sort: str) -> str:
    languages = dict(line.split(" ", 1) for line in sections("languages")["names"])
    return f"{sort} (not looked for)" if sort in NOT_LOOKED_FOR else languages.get(sort, sort)


def _pasted(scores: KindScores) -> str:
    found = _table(
        ["what was planted", "found", "gone after masking"],
        [(_told(sort), scores.planted[sort].share, scores.masked[sort].share) for sort in sorted(scores.planted)],
    )
    alike = _table(
        ["what only looks like it", "wrongly named"],
        [(sort, scores.look_alikes[sort].share) for sort in sorted(scores.look_alikes)],
    )
    return f"{found}\n\n{alike}"


def _speed(measured: Measured) -> str:
    cost, rows = measured.cost, len(measured.copies.rows)
    memory = f", {cost.megabytes:,.0f} MB above what was in use before" if cost.megabytes is not None else ""
    return (
        f"## Speed\n\n{rows:,} rows of about 60 words, read and examined whole, on {os.cpu_count()} cores with a load "
        f"of {os.getloadavg()[0]:.1f} (other work included): {cost.seconds:.0f} s on the clock, {cost.busy:.0f} s of "
        f"one processor ({rows / cost.busy:,.0f} rows/s){memory}. That is {cost.busy / cost.reference:.0f} times one "
        f"exact pass over the texts (BLAKE2b of every row), which took {cost.reference:.2f} s in the same run."
    )

"""Preferences: the votes of a closed study as pairs of a better and a worse answer, a dataset that is ready for DPO."""

import json
import tempfile
from collections import Counter, defaultdict
from collections.abc import Mapping as Values
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from studio.domain.dataset import Dataset, Layout, Mapping
from studio.domain.errors import StudyError
from studio.domain.job import JobKind, JobState
from studio.domain.protocol import Rival
from studio.domain.row import records_of
from studio.flows import bring
from studio.flows.audit import logged
from studio.flows.studio import Studio
from studio.flows.votes import Closed, Said, closed
from studio.store import datasets, jobs


class LeftOut(StrEnum):
    """Why a pair of answers says nothing about which is better."""

    EQUAL = "equally good"
    BOTH_BAD = "both bad"
    SKIPPED = "skipped"
    DISAGREE = "raters disagree"
    SAME_TEXT = "both answers are the same text"
    IDENTICAL = "shown twice to measure noise"


@dataclass(frozen=True, slots=True)
class Pairs:
    """What the votes of a study give: rows of a better and a worse answer, and how many pairs were left out and why.

    `sealed` counts the test prompts among the rows; they become training data.
    """

    name: str
    rows: tuple[Values[str, Any], ...]
    left_out: Values[LeftOut, int]
    sealed: int

    @property
    def sentence(self) -> str:
        """How many pairs there are, and what became of the others."""
        told = ", ".join(f"{count:,} {why.value}" for why, count in self.left_out.items())
        pairs = "1 pair" if len(self.rows) == 1 else f"{len(self.rows):,} pairs"
        return f"{pairs} of a better and a worse answer{f'; left out: {told}' if told else ''}."

    @property
    def warning(self) -> str:
        """What using them costs, to be read before."""
        if not self.sealed:
            return "None of these prompts was a sealed test row; but this comparison tests no model trained on them."
        become = "1 sealed test prompt of this comparison becomes" if self.sealed == 1 else ""
        become = become or f"{self.sealed:,} sealed test prompts of this comparison become"
        return (
            f"{become} training data: no test any more for a model that is trained on these pairs. Judge that model on "
            "other test rows. The leakage check on Inspect shows the overlap."
        )


def pairs(studio: Studio, study_id: str) -> Pairs:
    """The pairs that the votes of a closed study give; nothing is made of them yet."""
    found = closed(studio, study_id)
    by_pair: dict[tuple[str, Rival], list[Said]] = defaultdict(list)
    for said in found.said:
        by_pair[said.ask.key, said.opponent].append(said)
    rows, left_out, sealed = [], Counter[LeftOut](), set()
    for said in by_pair.values():
        why = _why_not(said)
        if why:
            left_out[why] += 1
            continue
        rows.append(_row(found, said[0] if not said[0].is_skip else next(each for each in said if not each.is_skip)))
        sealed |= {said[0].ask.key} if said[0].ask.row_number is not None else set()
    if found.identical:
        left_out[LeftOut.IDENTICAL] = len(found.identical)
    ordered = {why: left_out[why] for why in LeftOut if left_out[why]}
    return Pairs(f"{found.study.name}: votes", tuple(rows), ordered, len(sealed))


@logged("made a dataset of judgements")
def bring_pairs(studio: Studio, study_id: str, *, is_confirmed: bool) -> Dataset:
    """The pairs as a dataset, made once for each study; StudyError without the consent that test prompts become
    training data."""
    made = pairs(studio, study_id)
    if not made.rows:
        raise StudyError("No vote of this comparison says which answer is better.", fix=f"Of it came {made.sentence}")
    if not is_confirmed:
        raise StudyError(made.warning, fix="Confirm that you want this.", field="is_confirmed")
    key = _key(studio, study_id)
    if known := jobs.by_key(studio.store, kind=JobKind.INGEST, key=key):
        return datasets.get(studio.store, known.subject_id)
    fields = {name: name for name in ("prompt", "chosen", "rejected")}
    if any("tools" in row for row in made.rows):
        fields["tools"] = "tools"
    with tempfile.TemporaryDirectory(dir=studio.workspace.exports) as scratch:
        path = Path(scratch) / f"{study_id}-preferences.jsonl"
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in made.rows), encoding="utf-8")
        return bring.bring_file(studio, path, name=made.name, mapping=Mapping(Layout.PREFERENCE, fields), key=key)


def _key(studio: Studio, study_id: str) -> str:
    """The same at every press, until the reading that it began has failed or was stopped."""
    key = f"votes:{study_id}"
    while known := jobs.by_key(studio.store, kind=JobKind.INGEST, key=key):
        if known.state not in (JobState.FAILED, JobState.STOPPED):
            break
        key = f"votes:{study_id}:{known.id}"
    return key


def _why_not(said: list[Said]) -> LeftOut | None:
    """Why the votes on one pair of answers make no row."""
    outcomes = {each.outcome for each in said if not each.is_skip}
    if not outcomes:
        return LeftOut.SKIPPED
    if len(outcomes) > 1:
        return LeftOut.DISAGREE
    if outcomes == {"tie"}:
        return LeftOut.EQUAL
    if outcomes == {"both_bad"}:
        return LeftOut.BOTH_BAD
    return LeftOut.SAME_TEXT if said[0].tuned == said[0].other else None


def _row(found: Closed, said: Said) -> dict[str, Any]:
    """One pair as it is brought in; the study and the opponent stay with it, so that its origin can be told."""
    better, worse = (said.tuned, said.other) if said.outcome == "tuned" else (said.other, said.tuned)
    row: dict[str, Any] = {
        "prompt": records_of(said.ask.prompt),
        "chosen": [{"role": "assistant", "content": better}],
        "rejected": [{"role": "assistant", "content": worse}],
        "study": found.study.id,
        "opponent": said.opponent.value,
        "preferred": said.outcome,
    }
    return row | ({"tools": said.ask.tools} if said.ask.tools else {})

"""Inspect: what is wrong with a dataset, and what one model would see of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from studio.data.findings import load_findings
from studio.data.lengths import CutOff, load_lengths, suggest_cut_off
from studio.data.rows import load_rows
from studio.data.seen import Seen, pieces
from studio.domain.dataset import Dataset
from studio.domain.errors import DatasetError
from studio.domain.finding import Finding
from studio.domain.job import Job, JobKind, JobState
from studio.domain.lengths import Lengths
from studio.domain.model import Model
from studio.domain.row import Row
from studio.flows import bring, looking
from studio.flows.models import usable
from studio.flows.studio import Studio
from studio.store import jobs


@dataclass(frozen=True, slots=True)
class Inspection:
    """Findings are there at once; lengths once they were measured for the model (`measuring` shows how far)."""

    dataset: Dataset
    model_id: str
    findings: tuple[Finding, ...]
    lengths: Lengths | None
    measuring: Job | None
    cut_off: CutOff | None


def look(studio: Studio, dataset_id: str, model_id: str) -> Inspection:
    """All that is known of a dataset for one model; starts measuring its lengths when nobody has."""
    dataset = bring.ready(studio, dataset_id)
    lengths, measuring = measured(studio, dataset_id, model_id), None
    if lengths is None:
        measuring = measure(studio, dataset_id, model_id)
        if measuring.state is JobState.DONE:  # it ended between the two questions
            lengths, measuring = measured(studio, dataset_id, model_id), None
    return Inspection(
        dataset=dataset,
        model_id=model_id,
        findings=findings(studio, dataset_id),
        lengths=lengths,
        measuring=measuring,
        cut_off=_within(suggest_cut_off(lengths), lengths, usable(studio, model_id)) if lengths else None,
    )


def findings(studio: Studio, dataset_id: str) -> tuple[Finding, ...]:
    """What was found in the rows, as of when they were last examined."""
    return tuple(load_findings(studio.workspace.dataset(dataset_id)))


def _within(cut_off: CutOff, lengths: Lengths, model: Model) -> CutOff:
    """The suggestion, but never more than the model can read."""
    if cut_off.tokens <= model.context:
        return cut_off
    if lengths.are_texts:
        reason = f"{model.title} reads at most {model.context:,} tokens; longer texts are learned in pieces."
        return replace(cut_off, tokens=model.context, reason=reason)
    cut = len(lengths.cut_rows(model.context))
    reason = (
        f"{model.title} reads at most {model.context:,} tokens; {cut:,} {'row is' if cut == 1 else 'rows are'} longer."
    )
    return replace(cut_off, tokens=model.context, reason=reason)


def measured(studio: Studio, dataset_id: str, model_id: str) -> Lengths | None:
    """Token lengths with a model's own tokenizer and template, or None while they have not been measured."""
    path = lengths_file(studio, dataset_id, model_id)
    return load_lengths(path) if path.exists() else None


def measure(studio: Studio, dataset_id: str, model_id: str) -> Job:
    """The job that measures the lengths; asked twice, it is one job."""
    model = usable(studio, model_id)
    spec = {
        "dataset": str(studio.workspace.dataset(dataset_id)),
        "model": str(model.path),
        "model_id": model_id,
        "out": str(lengths_file(studio, dataset_id, model_id)),
    }
    return looking.begin(studio, JobKind.MEASURE, dataset_id, spec, key=f"measure:{dataset_id}:{model_id}")


def measure_again(studio: Studio, job_id: str) -> Job:
    """Try a failed measurement once more."""
    return jobs.requeue(studio.store, job_id)


def seen(studio: Studio, dataset_id: str, model_id: str, row_number: int, cut_off: int) -> Seen:
    """One row exactly as the model will see it: its tokens, which of them it learns to say, and what would be cut."""
    model, lengths = usable(studio, model_id), lengths_file(studio, dataset_id, model_id)
    assert model.path is not None
    if not lengths.exists():
        raise DatasetError("The token lengths have not been measured yet.", fix="Wait a moment and try again.")
    return pieces(lengths, model.path / "tokenizer.json", row_number, cut_off=cut_off)


def rows(studio: Studio, dataset_id: str, numbers: Sequence[int]) -> list[Row]:
    """These rows, in this order, to be shown side by side."""
    held = load_rows(studio.workspace.dataset(dataset_id))
    return [held[number] for number in numbers]


def lengths_file(studio: Studio, dataset_id: str, model_id: str) -> Path:
    return studio.workspace.lengths(dataset_id, model_id)

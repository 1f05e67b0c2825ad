"""Release: a checkpoint handed out as files that work without the studio."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from studio.domain.job import Job, JobState
from studio.domain.method import Method


class Form(StrEnum):
    """As what a checkpoint is handed out."""

    ADAPTER = "adapter"
    MERGED = "merged"
    GGUF = "gguf"


FORM_TITLES = {Form.ADAPTER: "Adapter", Form.MERGED: "Whole model", Form.GGUF: "One GGUF file"}
FORM_WORDS = {
    Form.ADAPTER: "What was learned, as a small folder beside its base model, which whoever uses it needs as well.",
    Form.MERGED: "What was learned is written into the base model's own unquantised weights: one folder that needs "
    "nothing beside it.",
    Form.GGUF: "The whole model in one file for llama.cpp, Ollama and LM Studio.",
}
MANIFEST = "manifest.json"
PLAINLY = ", **as_learned"  # in a script: what asks this model as its answers were learned, once its template is read
MEASURED = "<!-- what was measured -->"  # where a model card tells what is only known once the files are there
NO_MERGING_A_PREFIX = (
    "A prefix is read before every question and is no part of the weights, so it cannot be merged into them."
)


def missing_form(form: Form, method: Method) -> str:
    """Why there is no such form of what a method trains, in words; empty where there is."""
    if method == "prefix" and form is not Form.ADAPTER:
        return NO_MERGING_A_PREFIX
    if method == "full" and form is Form.ADAPTER:
        return "Full fine-tuning changes every weight, so there is no adapter: deliver the whole model."
    return ""


@dataclass(frozen=True, slots=True)
class ReleasedFile:
    """One file of a release, as it was when it was written."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Release:
    """A delivery: from its job on, with its files once that is done. `is_kept` where it lies in the workspace."""

    id: str
    run_id: str
    run_name: str
    step: int
    form: Form
    path: Path
    is_kept: bool
    created_at: datetime
    job: Job

    @property
    def is_ready(self) -> bool:
        return self.job.state is JobState.DONE

    @property
    def files(self) -> tuple[ReleasedFile, ...]:
        return tuple(ReleasedFile(**each) for each in self.job.result.get("files", ()))

    @property
    def bytes(self) -> int:
        return sum(file.bytes for file in self.files)

    @property
    def title(self) -> str:
        form = FORM_TITLES[self.form]
        return f"{self.run_name}, step {self.step:,}: {form[0].lower()}{form[1:]}"

"""Card: the papers that go with a delivery: the model card, the recipe, the report of its verdict, and a script."""

import json
from collections import Counter
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, FileSystemLoader

from studio.domain.method import TITLES
from studio.domain.model import Model
from studio.domain.release import PLAINLY, Form
from studio.domain.run import Checkpoint, Run
from studio.domain.sampling import Sampling
from studio.domain.split import BIN_TITLES, Bin
from studio.domain.study import Study
from studio.flows import bring, decide, models, report, train
from studio.flows.studio import Studio
from studio.store import jobs, logbook, splits, studies

# What hubs call the licences of the catalogue; of any other the card says its name.
HUB_NAMES = {
    "Apache 2.0": "apache-2.0", "MIT": "mit", "Meta Llama 3 Community License": "llama3",
    "Llama 3.1 Community License": "llama3.1", "Llama 3.2 Community License": "llama3.2",
    "Llama 3.3 Community License": "llama3.3", "Gemma Terms of Use": "gemma",
}  # fmt: skip
RELATIONS = {Form.ADAPTER: "adapter", Form.MERGED: "finetune", Form.GGUF: "quantized"}
TAGS = {"prefix": "prefix-tuning", "full": "full-fine-tuning"}


@dataclass(frozen=True, slots=True)
class Subject:
    """What a delivery is of; `name` is how its files are called."""

    run: Run
    checkpoint: Checkpoint
    form: Form
    name: str


def sampling_of(studio: Studio, run_id: str, step: int) -> Sampling:
    """How the checkpoint answered when it was judged; without a study, how the studio asks."""
    judged = _judged(studio, run_id, step)
    return judged[0].protocol.sampling if judged else Sampling()


def base_name(model: Model) -> str:
    """The base by its public name, or else by its id here; never by a path of this machine."""
    return model.hub_id or model.id


def papers(studio: Studio, subject: Subject, *, measured: str) -> dict[str, str]:
    """The texts of a delivery by the names of their files; `measured` stands where the card tells what was measured."""
    run, form = subject.run, subject.form
    facts: dict[str, Any] = _facts(studio, subject) | {"measured": measured}
    environment = Environment(  # noqa: S701  Markdown and a script, no page
        loader=FileSystemLoader(studio.assets), keep_trailing_newline=True, trim_blocks=True, lstrip_blocks=True
    )
    judged: list[Study] = facts["studies"]
    made = {"README.md": environment.get_template("model-card.md.jinja").render(**facts)}
    if form is not Form.GGUF:
        made["run.py"] = environment.get_template("run.py.jinja").render(**facts)
    if judged:
        made["verdict.html"] = report.report_page(studio, judged[0].id)
    return made | {"recipe.json": json.dumps(run.recipe.model_dump(mode="json"), indent=2) + "\n"}


def _facts(studio: Studio, subject: Subject) -> dict[str, Any]:
    run, checkpoint = subject.run, subject.checkpoint
    model, judged = models.model(studio, run.model_id), _judged(studio, run.id, checkpoint.step)
    versions = logbook.entry(studio.store, run.id).versions
    return {
        "subject": subject,
        "run": run,
        "form": subject.form.value,
        "method": TITLES[run.recipe.method] + (" on pairs (DPO)" if run.recipe.preference else ""),
        "checkpoint": checkpoint,
        "is_best": checkpoint == train.best_checkpoint(studio, run.id),
        "model": model,
        "base_name": base_name(model),
        "relation": RELATIONS[subject.form],
        "tag": TAGS.get(run.recipe.method, "lora"),
        "licence": HUB_NAMES.get(model.licence.name, "other"),
        "dataset": bring.dataset(studio, run.dataset_id),
        "rows": _rows(studio, run),
        "studies": judged,
        "elsewhere": sorted({study.checkpoint_step for study in _closed(studio, run.id)} - {checkpoint.step}),
        "decided": decide.verdict(studio, judged[0].id) if judged else None,
        "sampling": judged[0].protocol.sampling if judged else Sampling(),
        "loss_before": run.job.result.get("first_validation_loss"),
        "versions": versions,
        "packages": {name: versions.get(name, "").partition("+")[0] for name in _packages(subject)},
        "is_nf4": _is_nf4(subject),
        "plainly": PLAINLY,
        "revision": f'revision="{model.revision}", ' if model.hub_id and model.revision else "",
    }


def _is_nf4(subject: Subject) -> bool:
    """Whether it is used as it was trained: beside a base in 4 bits."""
    return subject.form is Form.ADAPTER and subject.run.recipe.quantisation == "nf4"


def _packages(subject: Subject) -> tuple[str, ...]:
    """What the script needs."""
    adapter = ("peft",) if subject.form is Form.ADAPTER else ()
    return ("torch", "transformers", *adapter, *(("bitsandbytes",) if _is_nf4(subject) else ()))


def _rows(studio: Studio, run: Run) -> list[tuple[str, int]]:
    """How many rows of the file went where: every one of them, as the run was given them."""
    bins, spec = Counter(splits.get(studio.store, run.split_id).bins), jobs.spec(studio.store, run.job.id)
    used = {Bin.TRAIN: len(spec["train"]), Bin.VALIDATION: len(spec["validation"])}
    unused = bins[Bin.TRAIN] + bins[Bin.VALIDATION] - sum(used.values())
    counts = {BIN_TITLES[bin]: count for bin, count in used.items()}
    counts[BIN_TITLES[Bin.TEST]] = bins[Bin.TEST]
    counts |= {BIN_TITLES[bin]: bins[bin] for bin in (Bin.DUPLICATE, Bin.REMOVED)}
    counts[f"Not whole within {run.recipe.max_length:,} tokens, or not in this model's template"] = unused
    counts[BIN_TITLES[Bin.MALFORMED]] = bring.dataset(studio, run.dataset_id).rejects
    return [(title, count) for title, count in counts.items() if count or title in (BIN_TITLES[bin] for bin in used)]


def _closed(studio: Studio, run_id: str) -> list[Study]:
    return [study for study in studies.all(studio.store, run_id=run_id) if study.closed_at]


def _judged(studio: Studio, run_id: str, step: int) -> list[Study]:
    """The closed studies of this very checkpoint, the newest first."""
    return [study for study in _closed(studio, run_id) if study.checkpoint_step == step]

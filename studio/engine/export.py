"""Export: make a delivery from a checkpoint: a folder that is there whole, with a list of its files, or not at all."""

import json
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.domain.errors import RunError, StudioError
from studio.domain.event import EventKind, Outcome, Reporter
from studio.domain.intact import sha256_of, sync
from studio.domain.release import FORM_TITLES, MANIFEST, MEASURED, PLAINLY, Form
from studio.domain.sampling import Sampling
from studio.domain.thoughts import asked_plainly
from studio.engine import checkpoints, gguf
from studio.engine.answering import end_tokens
from studio.engine.checkpoints import Manifest
from studio.engine.gguf import Cancelled
from studio.engine.load import check_model_folder, load_tokenizer, prepare_process
from studio.engine.memory import is_out_of_memory
from studio.engine.rows import read_rows

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

ADAPTER_FILES = ("adapter_model.safetensors", "adapter_config.json")
# What a tokenizer consists of, by whatever library wrote it; copied as they are, so that older versions read them too.
TOKENIZER_FILES = (
    "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "chat_template.jinja",
    "vocab.json", "merges.txt", "vocab.txt", "tokenizer.model", "spiece.model",
)  # fmt: skip
# Nearly what share of the whole work each part takes, by the name under which it is told.
PARTS = {
    Form.ADAPTER: {"checking the checkpoint": 1, "copying": 1, "hashing": 1},
    Form.MERGED: {
        "checking the checkpoint": 1, "loading the base model": 3, "merging": 3, "writing the weights": 3,
        "reading the weights back": 3, "hashing": 2,
    },
    Form.GGUF: {
        "checking the checkpoint": 1, "loading the base model": 3, "merging": 3, "writing the weights": 3,
        "reading the weights back": 3, "converting": 6, "hashing": 2,
    },
}  # fmt: skip


@dataclass(slots=True)
class Progress:
    """Tells which part of the work begins and for how long it will go on; ends it where it is to be cancelled."""

    reporter: Reporter
    parts: dict[str, int]
    began: float = field(default_factory=time.monotonic)

    def begin(self, name: str) -> None:
        if self.reporter.should_stop():
            raise Cancelled
        names, total = list(self.parts), sum(self.parts.values())
        done = sum(self.parts[each] for each in names[: names.index(name)])
        self.reporter.report(EventKind.PHASE, name=name)
        pace = (time.monotonic() - self.began) / done if done else None
        left = {} if pace is None else {"seconds_left": round(pace * (total - done), 1)}
        self.reporter.report(EventKind.PROGRESS, done=done, total=total, **left)


def export(spec: dict[str, Any], reporter: Reporter) -> Outcome:
    """Make the delivery that `spec` describes; nothing is left of one that was cancelled or could not be made."""
    to, form = Path(spec["to"]), Form(spec["form"])
    if known := _made_before(to, spec["release"]):
        return known
    prepare_process()
    draft = to.with_name(f".{to.name}.part")
    try:
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        said = _fill(draft, spec, Progress(reporter, PARTS[form]))
        files = _sealed(draft, spec, said, plainly=_plainly(load_tokenizer(Path(spec["model"]))))
        draft.replace(to)
        sync(to.parent)
    except Cancelled:
        return Outcome(state="stopped", message="Cancelled; nothing was written.")
    except StudioError as error:
        return Outcome(state="failed", message=error.message, fix=error.fix, code=error.code)
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        return Outcome(
            state="failed",
            message="There was not enough main memory to merge this model.",
            fix="Close other programs or wait until the run beside it has ended, or deliver the adapter.",
            code="out_of_memory",
        )
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return _outcome(form, files, said)


def _fill(draft: Path, spec: dict[str, Any], progress: Progress) -> dict[str, str]:
    """Put everything but the manifest into the draft; what was measured on the way, by name."""
    progress.begin("checking the checkpoint")
    checkpoint, base = Path(spec["checkpoint"]), Path(spec["model"])
    manifest = checkpoints.verify(checkpoint)
    if (manifest.weights_sha256, manifest.model_id) != (spec["sha256"], spec["model_id"]):
        raise RunError("The checkpoint is not the one that was chosen.", fix="Choose it anew on Deliver.")
    tokenizer = load_tokenizer(base)
    form, measured = Form(spec["form"]), ""
    if form is Form.ADAPTER:
        progress.begin("copying")
        for name in ADAPTER_FILES:
            shutil.copyfile(checkpoint / name, draft / name)
        _name_base(draft / "adapter_config.json", spec["base_name"])
    else:
        measured = _merge(draft, base, checkpoint, manifest, tokenizer, spec, progress)
    _add_tokenizer(draft, base)
    settings = _settings(draft, base, tokenizer, Sampling(**spec["sampling"]))
    (draft / "generation_config.json").write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")
    if form is Form.GGUF:
        progress.begin("converting")
        gguf.convert(
            draft, name=spec["name"], converter=Path(spec["converter"]), should_stop=progress.reporter.should_stop
        )
    progress.begin("hashing")
    return {"measured": measured} if measured else {}


def _merge(
    draft: Path,
    base: Path,
    checkpoint: Path,
    manifest: Manifest,
    tokenizer: "PreTrainedTokenizerBase",
    spec: dict[str, Any],
    progress: Progress,
) -> str:
    from studio.engine.merging import merge

    rows = read_rows(Path(spec["dataset"]), spec["compared"])
    found = merge(base, checkpoint, manifest, to=draft, tokenizer=tokenizer, rows=rows, begin=progress.begin)
    return found.sentence


def _add_tokenizer(draft: Path, base: Path) -> None:
    check_model_folder(base)
    for name in TOKENIZER_FILES:
        if (base / name).is_file():
            shutil.copyfile(base / name, draft / name)


def _settings(draft: Path, base: Path, tokenizer: "PreTrainedTokenizerBase", sampling: Sampling) -> dict[str, Any]:
    """How it answers: as it was asked here, whatever settings the base model brings along."""
    from transformers import AutoConfig, GenerationConfig

    own: Any
    if (base / "generation_config.json").is_file():
        own = GenerationConfig.from_pretrained(base, local_files_only=True)
    else:
        own = GenerationConfig.from_model_config(AutoConfig.from_pretrained(base, local_files_only=True))
    chance: dict[str, Any] = {"do_sample": False}
    if sampling.temperature > 0:
        chance = {"do_sample": True, "temperature": sampling.temperature, "top_p": sampling.top_p, "top_k": 0}
    return chance | {
        "max_new_tokens": sampling.max_new_tokens,
        "repetition_penalty": 1.0,
        "pad_token_id": tokenizer.pad_token_id,
        "eos_token_id": end_tokens(_Holder(own), tokenizer),
    }


@dataclass(frozen=True, slots=True)
class _Holder:
    """What is asked of a model for its end tokens."""

    generation_config: Any


def _name_base(config: Path, name: str) -> None:
    """Name the base by its public name instead of an id of this studio."""
    values = json.loads(config.read_text(encoding="utf-8"))
    config.write_text(json.dumps(values | {"base_model_name_or_path": name}, indent=2) + "\n", encoding="utf-8")


def _plainly(tokenizer: "PreTrainedTokenizerBase") -> str:
    """What a script adds so that it asks the model as it was asked here."""
    return "".join(f", {name}={value!r}" for name, value in asked_plainly(tokenizer).items())


def _sealed(draft: Path, spec: dict[str, Any], said: dict[str, str], *, plainly: str) -> list[dict[str, Any]]:
    """Write the papers and the manifest, and bring every byte to the disk."""
    for name, text in spec["papers"].items():
        whole = text.replace(MEASURED, said.get("measured", "")).replace(PLAINLY, plainly)
        (draft / name).write_text(whole, encoding="utf-8")
    files = [
        {"name": path.name, "bytes": path.stat().st_size, "sha256": sha256_of(path)} for path in sorted(draft.iterdir())
    ]
    about = {name: spec[name] for name in ("release", "run", "step", "form")} | said
    (draft / MANIFEST).write_text(json.dumps(about | {"files": files}, indent=1) + "\n", encoding="utf-8")
    for path in draft.iterdir():
        shutil.copymode(draft / MANIFEST, path)  # safetensors writes for its owner alone
    for path in (*draft.iterdir(), draft):
        sync(path)
    return files


def _made_before(to: Path, release: str) -> Outcome | None:
    """The outcome of an attempt that was cut short after its last step."""
    try:
        held = json.loads((to / MANIFEST).read_bytes())
    except (OSError, ValueError):
        return None
    if held.get("release") != release:
        return None
    said = {"measured": held["measured"]} if "measured" in held else {}
    return _outcome(Form(held["form"]), held["files"], said)


def _outcome(form: Form, files: Sequence[dict[str, Any]], said: dict[str, str]) -> Outcome:
    message = f"{FORM_TITLES[form]} written: {len(files)} files. {said.get('measured', '')}".strip()
    return Outcome(state="done", message=message, result={"files": [*files], **said})

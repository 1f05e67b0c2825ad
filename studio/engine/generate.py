"""Generate: let the base model and its fine-tuned self answer the same prompts under the same conditions."""

import json
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.domain.chat import Chat
from studio.domain.errors import RunError, StudioError, StudyError
from studio.domain.event import EventKind, Outcome, Reporter
from studio.domain.row import messages_from
from studio.domain.sampling import Sampling
from studio.engine import checkpoints
from studio.engine.answering import TUNED, Pair, answer_both, encode, training_matters
from studio.engine.checkpoints import Manifest
from studio.engine.load import device, keep_unpacked, load_model, load_tokenizer, needs_template, prepare_process
from studio.engine.memory import is_out_of_memory
from studio.engine.rows import read_rows

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

PROMPTS_AT_ONCE = {"cpu": 8, "cuda:0": 16}


@dataclass(frozen=True, slots=True)
class Prompt:
    """One prompt under the number that its answer is filed by."""

    row: int
    chat: Chat


def generate(spec: dict[str, Any], reporter: Reporter) -> Outcome:
    """Write answers.jsonl as `spec` says, going on where an earlier attempt left off."""
    prepare_process()
    try:
        return _generate(spec, reporter)
    except StudioError as error:
        return Outcome(state="failed", message=error.message, fix=error.fix, code=error.code)
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        return Outcome(
            state="failed",
            message="There was not enough memory to write the answers.",
            fix="Shorten the answers or choose a smaller model.",
            code="out_of_memory",
        )


def _generate(spec: dict[str, Any], reporter: Reporter) -> Outcome:
    if spec.get("asks"):
        return _answer_asks(spec, reporter)
    began = time.perf_counter()
    adapter = Path(spec["adapter"]) if spec.get("adapter") else None
    manifest = checkpoints.verify(adapter) if adapter else None
    identity = _identity(spec, manifest)
    sampling = Sampling(**spec["sampling"])
    reporter.report(EventKind.PHASE, name="loading the model")
    tokenizer = load_tokenizer(Path(spec["model"]))
    needs_template(tokenizer)
    pair = _load(Path(spec["model"]), trained=adapter, manifest=manifest)
    prompts = _prompts(spec)
    out = Path(spec["out"])
    done = read_answers(out, identity=identity)
    if pair.is_trained and not training_matters(pair, tokenizer, prompts[0].chat):
        reporter.report(
            EventKind.NOTE, text="This adapter changes nothing: with it and without it, the model computes the same."
        )

    reporter.report(EventKind.PHASE, name="writing answers")
    for batch in _batches(prompts, tokenizer):
        if any(prompt.row not in done for prompt in batch):
            if reporter.should_stop():
                return _outcome("stopped", "Stopped before all answers were written.", done, began)
            written = _answers(pair, tokenizer, batch, sampling=sampling, identity=identity)
            missing = [line for line in written if line["row"] not in done]
            append_answers(out, missing)
            done.update({line["row"]: line for line in missing})
        pace = (time.perf_counter() - began) / max(1, len(done))
        reporter.report(
            EventKind.PROGRESS,
            done=len(done),
            total=len(prompts),
            seconds_left=round(pace * (len(prompts) - len(done)), 1),
        )
    outcome = _outcome("done", f"Wrote the answers to {len(prompts):,} prompts.", done, began)
    if adapter is not None and outcome.result["identical"] == outcome.result["answers"]:
        reporter.report(
            EventKind.NOTE,
            text="Every fine-tuned answer is identical to the base model's: there is nothing to compare. "
            "Train longer or with a higher learning rate.",
        )
    return outcome


def _answer_asks(spec: dict[str, Any], reporter: Reporter) -> Outcome:
    """Answer each ask of asks.jsonl, contestant by contestant."""
    began = time.perf_counter()
    manifest = checkpoints.verify(Path(spec["adapter"]))
    identity, sampling = _identity(spec, manifest), Sampling(**spec["sampling"])
    tokenizer = load_tokenizer(Path(spec["model"]))
    pair = _load(Path(spec["model"]), trained=Path(spec["adapter"]), manifest=manifest)
    asks = [json.loads(line) for line in Path(spec["asks"]).read_bytes().splitlines()]
    lines = []
    for number, ask in enumerate(asks):
        if reporter.should_stop():
            return Outcome(state="stopped", message="Stopped before all answers were written.")
        chat = Chat(messages_from(ask["messages"]), ask["tools"])
        both = answer_both(pair, tokenizer, [chat], sampling=sampling, seed=sampling.seed)
        text = both[1][0] if ask["tuned"] else both[0][0]
        who = {"model": identity["model"], "adapter_sha256": identity["adapter_sha256"], "adapter_on": ask["tuned"]}
        told = {name: ask[name] for name in ("key", "set", "contestant")}
        lines.append(told | {"text": text, "tokens": 0, "cut": False, "identity": who})
        reporter.report(EventKind.PROGRESS, done=number + 1, total=len(asks), seconds_left=None)
    append_answers(Path(spec["out"]), lines)
    result = {"answers": len(lines), "seconds": round(time.perf_counter() - began, 3)}
    return Outcome(state="done", message=f"Wrote {len(lines):,} answers.", result=result)


def read_answers(out: Path, *, identity: dict[str, Any]) -> dict[int, dict[str, Any]]:
    """Answers already written, by row; a line torn by a crash is cut off, answers of another model are refused."""
    if not out.exists():
        return {}
    whole = out.read_bytes()
    whole = whole[: whole.rfind(b"\n") + 1]
    os.truncate(out, len(whole))
    lines = [json.loads(line) for line in whole.splitlines()]
    if any(line["identity"] != identity for line in lines):
        raise StudyError(
            "Some answers here were written by another model or adapter.", fix="Create the comparison anew."
        )
    return {line["row"]: line for line in lines}


def append_answers(out: Path, lines: Sequence[dict[str, Any]]) -> None:
    """Add lines to answers.jsonl and wait until they are on the disk."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("a", encoding="utf-8") as file:
        file.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        file.flush()
        os.fsync(file.fileno())


def _identity(spec: dict[str, Any], manifest: Manifest | None) -> dict[str, Any]:
    """Who answers, kept with each answer."""
    sha256 = manifest.weights_sha256 if manifest else None
    if manifest and (spec.get("adapter_sha256") not in (None, sha256) or spec["model_id"] != manifest.model_id):
        raise RunError(
            "The checkpoint is not the one that this comparison was made for.",
            fix="Create the comparison anew from the checkpoint that you want to judge.",
        )
    return {
        "model": spec["model_id"],
        "adapter_sha256": sha256,
        "adapter_on_base": False,
        "adapter_on_tuned": manifest is not None,
    }


def _load(model_folder: Path, *, trained: Path | None, manifest: Manifest | None) -> Pair:
    """The base as it was in training, and beside it what was trained: an adapter, or a whole model."""
    base = load_model(model_folder, quantisation=manifest.quantisation if manifest else "nf4").eval()
    if trained is None or manifest is None:
        return Pair(base, base)
    if manifest.is_whole_model:
        return Pair(base, load_model(trained, quantisation="none").eval())
    from peft import PeftModel

    tuned = PeftModel.from_pretrained(base, str(trained), adapter_name=TUNED, is_trainable=False).eval()
    pair = Pair(tuned, tuned)
    if not pair.can_mix:
        keep_unpacked(tuned)
    return pair


def _prompts(spec: dict[str, Any]) -> list[Prompt]:
    if spec.get("prompts"):
        return [
            Prompt(row=number, chat=Chat(messages_from(messages))) for number, messages in enumerate(spec["prompts"])
        ]
    rows = read_rows(Path(spec["dataset"]), spec.get("rows") or [])
    if not rows:
        raise StudyError("There are no prompts to answer.", fix="Keep test rows aside, or write prompts of your own.")
    return [Prompt(row=row.number, chat=Chat(row.prompt, row.tools)) for row in rows]


def _batches(prompts: Sequence[Prompt], tokenizer: "PreTrainedTokenizerBase") -> list[list[Prompt]]:
    """Prompts of like length together; the same for every attempt, so that a repeated batch answers the same."""
    lengths = {prompt.row: encode(tokenizer, [prompt.chat])["input_ids"].shape[1] for prompt in prompts}
    ordered = sorted(prompts, key=lambda prompt: (lengths[prompt.row], prompt.row))
    size = PROMPTS_AT_ONCE[device()]
    return [ordered[start : start + size] for start in range(0, len(ordered), size)]


def _answers(
    pair: Pair,
    tokenizer: "PreTrainedTokenizerBase",
    batch: Sequence[Prompt],
    *,
    sampling: Sampling,
    identity: dict[str, Any],
) -> list[dict[str, Any]]:
    """A line for each prompt with its answers, so that nothing but what was trained differs between them."""
    prompts, seed = [prompt.chat for prompt in batch], sampling.seed + batch[0].row
    base, tuned = answer_both(pair, tokenizer, prompts, sampling=sampling, seed=seed)
    lines = [{"row": p.row, "base": b, "identity": identity} for p, b in zip(batch, base, strict=True)]
    if not pair.is_trained:
        return lines
    return [{**line, "tuned": text} for line, text in zip(lines, tuned, strict=True)]


def _outcome(state: Any, message: str, done: dict[int, dict[str, Any]], began: float) -> Outcome:
    identical = sum(line["base"] == line.get("tuned") for line in done.values())
    result = {"answers": len(done), "identical": identical, "seconds": round(time.perf_counter() - began, 3)}
    return Outcome(state=state, message=message, result=result)

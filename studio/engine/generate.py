"""Generate: let every contestant of a study answer its prompts under the same conditions, and measure both models."""

import time
from pathlib import Path
from typing import Any

from studio.domain.base import base_fingerprint
from studio.domain.errors import RunError, StudioError, StudyError
from studio.domain.event import EventKind, Outcome, Reporter
from studio.domain.protocol import Rival
from studio.domain.sampling import Sampling
from studio.domain.study import STUDY, TUNED
from studio.domain.thoughts import is_thought
from studio.engine import checkpoints
from studio.engine.answering import training_matters
from studio.engine.asking import Answers, Done, Scribe, read_asks
from studio.engine.checkpoints import Manifest
from studio.engine.load import load_tokenizer, needs_template, prepare_process
from studio.engine.measuring import Meter
from studio.engine.memory import is_out_of_memory
from studio.engine.sides import load_sides


def generate(spec: dict[str, Any], reporter: Reporter) -> Outcome:
    """Write answers.jsonl and measured.jsonl as `spec` says, going on where an earlier attempt left off."""
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
    began = time.perf_counter()
    adapter = Path(spec["adapter"]) if spec.get("adapter") else None
    manifest = checkpoints.verify(adapter) if adapter else None
    if "base_sha256" in spec:
        reporter.report(EventKind.PHASE, name="reading the base model's files")
    answers = Answers(Path(spec["out"]), _identity(spec, manifest))
    asks, sampling = read_asks(Path(spec["asks"])), Sampling(**spec["sampling"])
    if manifest is None and any(ask.tuned for ask in asks):
        raise StudyError("Nothing trained was given that could answer.", fix="Create the comparison anew from a run.")
    done = answers.read()
    reporter.report(EventKind.PHASE, name="loading the model")
    tokenizer = load_tokenizer(Path(spec["model"]))
    needs_template(tokenizer)
    sides = load_sides(Path(spec["model"]), trained=adapter, manifest=manifest)
    scribe = Scribe(sides, tokenizer, sampling, reporter)
    sized = scribe.sized(asks)
    if sides.is_trained and not training_matters(sides, tokenizer, asks[0].chat):
        reporter.report(
            EventKind.NOTE, text="This adapter changes nothing: with it and without it, the model computes the same."
        )
    reporter.report(EventKind.PHASE, name="writing answers")
    if not scribe.answer_all(sized, answers, done):
        return _outcome("stopped", "Stopped before all answers were written.", done, began)
    if wanted := spec.get("measure"):
        meter = Meter(sides, tokenizer, sampling, reporter, Path(wanted["out"]))
        if not meter.measure(wanted, asks):
            return _outcome("stopped", "Stopped before everything was measured.", done, began)
    outcome = _outcome("done", f"Wrote {len(done):,} answers.", done, began)
    if outcome.result["compared"] and outcome.result["identical"] == outcome.result["compared"]:
        reporter.report(
            EventKind.NOTE,
            text="Every fine-tuned answer is identical to the base model's: there is nothing to compare. "
            "Train longer or with a higher learning rate.",
        )
    return outcome


def _identity(spec: dict[str, Any], manifest: Manifest | None) -> dict[str, Any]:
    """Who answers, kept with each answer."""
    sha256 = manifest.weights_sha256 if manifest else None
    if manifest and (spec.get("adapter_sha256") not in (None, sha256) or spec["model_id"] != manifest.model_id):
        raise RunError(
            "The checkpoint is not the one that this comparison was made for.",
            fix="Create the comparison anew from the checkpoint that you want to judge.",
        )
    who = {"model": spec["model_id"], "adapter_sha256": sha256}
    return who | {"base_sha256": _base(spec)} if "base_sha256" in spec else who


def _base(spec: dict[str, Any]) -> str:
    """The fingerprint of the base's files as they lie here; RunError where others were frozen."""
    found = base_fingerprint(Path(spec["model"]))
    if spec["base_sha256"] not in ("", found):
        raise RunError(
            "The files of the base model are not those that this comparison was frozen with.",
            fix="Put them back as they were, or create the comparison anew.",
        )
    return found


def _unfinished(done: Done) -> dict[str, dict[str, int]]:
    """How many answers of each contestant of the study were cut off or are empty, of how many; where any were."""
    found: dict[str, dict[str, int]] = {}
    for (of, _, who), line in done.items():
        if of == STUDY:
            counts = found.setdefault(who, {"cut": 0, "empty": 0, "of": 0})
            counts["of"] += 1
            counts["cut"] += line["cut"]
            counts["empty"] += not line["text"].strip()
    return {who: counts for who, counts in found.items() if counts["cut"] or counts["empty"]}


def _outcome(state: Any, message: str, done: Done, began: float) -> Outcome:
    """What was written; `compared` are the prompts of the study that base and fine-tuned both answered."""
    base, tuned = (
        {key: line["text"] for (of, key, who), line in done.items() if of == STUDY and who == contestant}
        for contestant in (Rival.BASE, TUNED)
    )
    compared = base.keys() & tuned.keys()
    result = {
        "answers": len(done),
        "identical": sum(base[key] == tuned[key] for key in compared),
        "compared": len(compared),
        "unfinished": _unfinished(done),
        "thought": sum(is_thought(line.get("written", "")) for line in done.values()),
        "seconds": round(time.perf_counter() - began, 3),
    }
    if base := next((line["identity"].get("base_sha256") for line in done.values()), None):
        result["base_sha256"] = base
    return Outcome(state=state, message=message, result=result)

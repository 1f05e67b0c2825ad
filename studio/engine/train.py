"""Train: carry out a recipe on a dataset, from the first step or from the newest checkpoint, to an outcome in words."""

import math
import shutil
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.domain.base import base_outline
from studio.domain.batches import check_steps
from studio.domain.errors import GaveUpWaiting, RunError, StudioError
from studio.domain.event import EventKind, Outcome, Reporter
from studio.domain.fault import Fault, FaultCode
from studio.domain.recipe import Recipe
from studio.domain.row import Row
from studio.engine import checkpoints, fitting
from studio.engine.checkpoints import Manifest
from studio.engine.faults import Following, about, ended, refused
from studio.engine.load import device_title, load_model, load_tokenizer, peak_memory, prepare_process, with_adapter
from studio.engine.memory import is_out_of_memory, release_memory
from studio.engine.rows import read_rows, rows_fingerprint

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel

    from studio.engine.pairs import PairTrainer
    from studio.engine.trainer import RowTrainer
    from studio.engine.watch import Course, Progress

LOADING, PREPARING = "loading the model", "preparing rows"
NOT_APART = (
    "With this model it could not be proven that rows which lie end to end do not see each other, so they are padded "
    "instead: slower, and the result is the same."
)
LIBRARIES = ("torch", "transformers", "trl", "peft", "bitsandbytes")


def train(spec: dict[str, Any], reporter: Reporter) -> Outcome:
    """Train as `spec` says; what a person can mend becomes a failed outcome, anything else is raised.

    When memory runs out, the run goes on from its last checkpoint with fewer rows in memory at once.
    """
    prepare_process()
    following, run = Following(reporter), Path(spec["run"])
    if not spec.get("resume"):
        fitting.forget(run)
    if spec.get("fewer_rows"):
        following.doing, following.step = spec["fewer_rows"]["doing"], spec["fewer_rows"]["step"]
        if fault := _fit(spec, following):
            return ended(fault)
    while True:
        try:
            return _train(spec, following)
        except GaveUpWaiting as error:
            kept = checkpoints.newest_verified(run / "checkpoints")
            told = f"The checkpoint of step {kept[1].step:,} is kept." if kept else "No checkpoint had been saved yet."
            return Outcome(state="stopped", message=f"{error.message} {told}", fix=error.fix)
        except StudioError as error:
            return refused(error)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
        # Only here, where the error with all that it held is gone, can memory be given back.
        release_memory()
        if fault := _fit(spec, following):
            return ended(fault)
        spec = {**spec, "resume": True}


def _fit(spec: dict[str, Any], following: Following) -> Fault | None:
    """Remember a smaller way to carry out the recipe and say so; the fault when there is none."""
    run, planned = Path(spec["run"]), Recipe.model_validate(spec["recipe"])
    before = fitting.fitted(planned, run)
    loading = following.doing in (LOADING, PREPARING)
    after = None if loading else fitting.smaller(before)
    if after is None:
        kept = checkpoints.newest_verified(run / "checkpoints")
        longest = 0 if loading else following.longest
        return fitting.does_not_fit(
            before, doing=following.doing, step=following.step, longest=longest, kept=kept[1].step if kept else None
        )
    fitting.keep(after, run)
    fault = fitting.made_to_fit(before, after, doing=following.doing, step=following.step)
    following.report(EventKind.NOTE, text=fault.sentence, fault=fault.model_dump(mode="json"))
    return None


def _train(spec: dict[str, Any], reporter: Following) -> Outcome:
    from studio.engine.trainer import build_trainer, check_template
    from studio.engine.watch import Watch, has_run_dry

    planned, run, model_folder = Recipe.model_validate(spec["recipe"]), Path(spec["run"]), Path(spec["model"])
    recipe = fitting.fitted(planned, run)
    reporter.report(EventKind.PHASE, name=LOADING)
    with about(FaultCode.DATA):
        train_rows, validation_rows = _rows(spec, "train"), _rows(spec, "validation")
        _refuse_others([*train_rows, *validation_rows], recipe)
    with about(FaultCode.MODEL):
        tokenizer = load_tokenizer(model_folder)
        if not train_rows[0].is_text and not check_template(tokenizer):
            reporter.report(
                EventKind.NOTE,
                text="This model's template does not train the end of an answer: it may not learn when to stop.",
            )
        model = _loaded(model_folder, recipe, _first_stage(spec) if spec.get("begin") else None)

    reporter.report(EventKind.PHASE, name=PREPARING)
    staging = _fresh_staging(run, keep_checkpoints=bool(spec.get("resume")))
    with about(FaultCode.DATA):
        trainer = build_trainer(
            model,
            tokenizer,
            recipe=recipe,
            train=train_rows,
            validation=validation_rows,
            staging=staging,
            way=fitting.way(spec.get("way", {}), run),
        )
    _prove_apart(trainer, reporter)
    reporter.longest = int(max(trainer.batches.lengths))
    origin = _origin(spec, planned, rows_fingerprint([*train_rows, *validation_rows]))
    start = _resume_point(run, origin, reporter) if spec.get("resume") else None
    course = _course(spec, recipe, trainer, start[1] if start else origin)
    reporter.report(EventKind.START, step=course.origin.step)
    progress = _progress_so_far(course)
    if spec.get("expected_steps") not in (None, course.steps):
        reporter.report(
            EventKind.NOTE, text=f"The plan promised {spec['expected_steps']:,} steps; this run makes {course.steps:,}."
        )
    trainer.add_callback(Watch(course, progress, trainer=trainer, tokenizer=tokenizer, reporter=reporter))
    progress.stopped_early = progress.step < course.steps and has_run_dry(course, progress)
    if progress.step < course.steps and not progress.stopped_early:
        trainer.train(resume_from_checkpoint=str(start[0]) if start else None)
    shutil.rmtree(staging)
    return _outcome(course, progress)


def _loaded(folder: Path, recipe: Recipe, first: Path | None) -> "PreTrainedModel | PeftModel":
    """The model that is trained: the base alone, with what an earlier run learned beside it, or all that one left."""
    if recipe.method == "full":
        return load_model(first or folder, quantisation="none", in_full_precision=True)
    base = load_model(folder, quantisation=recipe.quantisation)
    return with_adapter(base, first) if first else base


def _prove_apart(trainer: "RowTrainer | PairTrainer", reporter: Reporter) -> None:
    """Rows lie end to end only where this very model is seen to keep them apart; else they are padded, and told so."""
    from studio.engine.documents import lay_side_by_side
    from studio.engine.isolation import keeps_rows_apart
    from studio.engine.trainer import RowTrainer

    if isinstance(trainer, RowTrainer) and trainer.batches.packed and not keeps_rows_apart(trainer):
        lay_side_by_side(trainer)
        reporter.report(EventKind.NOTE, text=NOT_APART)


def _rows(spec: dict[str, Any], part: str) -> list[Row]:
    if not spec[part]:
        raise RunError("There are no rows to train on or none to check with.", fix="Split the dataset anew.")
    return read_rows(Path(spec["dataset"]), spec[part])


def _first_stage(spec: dict[str, Any]) -> Path:
    """The checkpoint of the run that this one begins from, unharmed and the one that was meant."""
    folder = Path(spec["begin"])
    manifest = checkpoints.verify(folder)
    if (manifest.weights_sha256, manifest.model_id) != (spec["begin_sha256"], spec["model_id"]):
        raise RunError(
            "The checkpoint that this run begins from is not the one that was chosen.",
            fix="Start the run anew from the checkpoint that you want.",
        )
    return folder


def _refuse_others(rows: Sequence[Row], recipe: Recipe) -> None:
    """Preference training learns from pairs alone."""
    alone = next((row for row in rows if not row.rejected), None) if recipe.preference else None
    if alone is not None:
        raise RunError(
            f"The row on line {alone.line} has no worse answer to tell the better one from.",
            fix="Switch off “Learn from both answers (DPO)”, or bring rows with chosen and rejected answers.",
        )


def _fresh_staging(run: Path, *, keep_checkpoints: bool) -> Path:
    """An empty folder for the trainer to write into; a run from the beginning has no checkpoints yet."""
    staging = run / "staging"
    shutil.rmtree(staging, ignore_errors=True)
    if not keep_checkpoints:
        shutil.rmtree(run / "checkpoints", ignore_errors=True)
    staging.mkdir(parents=True)
    return staging


def _origin(spec: dict[str, Any], recipe: Recipe, rows: str) -> Manifest:
    """What every checkpoint of this run says of where it comes from, as of step 0."""
    return Manifest(
        step=0,
        epoch=0.0,
        validation_loss=math.inf,
        recipe=recipe.fingerprint,
        rows=rows,
        model_id=spec["model_id"],
        base=base_outline(Path(spec["model"])),
        quantisation=recipe.quantisation,
        versions={name: version(name) for name in LIBRARIES},
        checks=(),
        tokens=0,
        seconds=0.0,
        files=(),
    )


def _resume_point(run: Path, origin: Manifest, reporter: Reporter) -> tuple[Path, Manifest] | None:
    """The newest unharmed checkpoint, which must be of the same recipe, rows and model; None when there is none."""
    damaged = _set_aside_damaged(run / "checkpoints", reporter)
    found = checkpoints.newest_verified(run / "checkpoints")
    if found is None:
        why = f"{damaged}, so" if damaged else "There was no checkpoint to go on from, so"
        reporter.report(EventKind.NOTE, text=f"{why} the run began again.")
        return None
    manifest = found[1]
    if (manifest.recipe, manifest.rows, manifest.model_id) != (origin.recipe, origin.rows, origin.model_id):
        raise RunError(
            "The checkpoint was made with another recipe, other rows or another model.",
            fix="Start a new run instead of resuming.",
        )
    if manifest.base and manifest.base != origin.base:
        raise RunError(
            "The files of the base model are others than when the checkpoint was made.",
            fix="Bring them back as they were and resume, or start a new run.",
        )
    if manifest.versions != origin.versions:
        reporter.report(
            EventKind.NOTE,
            text="Libraries have changed since the checkpoint, so the curve may differ slightly from here.",
        )
    # Who was killed between saving it and telling of it has told nobody; told twice it is one.
    reporter.report(EventKind.CHECKPOINT, **checkpoints.facts(*found))
    told = f"{damaged}. " if damaged else ""
    reporter.report(EventKind.NOTE, text=f"{told}Went on from the checkpoint of step {manifest.step:,}.")
    return found


def _set_aside_damaged(folder: Path, reporter: Reporter) -> str:
    """Take damaged checkpoints out of the way; says in words which, without a full stop, or nothing."""
    steps = []
    for damaged in checkpoints.damaged(folder):
        steps.append(checkpoints.step_of(damaged))
        checkpoints.set_aside(damaged)
        reporter.report(EventKind.CHECKPOINT, step=steps[-1], removed=True)
    listed = ", ".join(f"{step:,}" for step in steps)
    if len(steps) == 1:
        return f"The checkpoint of step {listed} was damaged and set aside"
    return f"The checkpoints of steps {listed} were damaged and set aside" if steps else ""


def _course(spec: dict[str, Any], recipe: Recipe, trainer: "RowTrainer | PairTrainer", origin: Manifest) -> "Course":
    from studio.engine.watch import Course

    steps_per_epoch = -(-len(trainer.batches.lengths) // recipe.batch_size)
    steps = math.ceil(recipe.epochs * steps_per_epoch)
    return Course(
        run=Path(spec["run"]),
        recipe=recipe,
        steps=steps,
        steps_per_epoch=steps_per_epoch,
        check_at=frozenset(check_steps(steps, recipe.evaluations)),
        patience=recipe.patience,
        watch=read_rows(Path(spec["dataset"]), spec.get("watch", [])),
        origin=origin,
    )


def _progress_so_far(course: "Course") -> "Progress":
    """Where a run stands before this attempt's first step, as its checkpoints tell."""
    from studio.engine.watch import Progress

    origin = course.origin
    kept = {checkpoints.step_of(folder) for folder in checkpoints.committed(course.checkpoints)}
    return Progress(
        checks=list(origin.checks),
        saved=[check for check in origin.checks if check.step in kept],
        step=origin.step,
        tokens=origin.tokens,
        seconds=origin.seconds,
    )


def _outcome(course: "Course", progress: "Progress") -> Outcome:
    best = progress.best
    kept = f"The best checkpoint, of step {best.step:,}, is kept." if best else "No checkpoint had been saved yet."
    result = {
        "best_step": best.step if best else None,
        "best_validation_loss": best.validation_loss if best else None,
        "first_validation_loss": next((check.validation_loss for check in progress.checks if check.step == 0), None),
        "steps": progress.step,
        "seconds": round(progress.seconds, 3),
        "tokens_per_second": round(progress.tokens / progress.seconds, 1) if progress.seconds else None,
        "peak_memory": peak_memory(),
        "stopped_early": progress.stopped_early,
        "device": device_title(),
    }
    if progress.fault:
        return ended(progress.fault, result=result)
    if progress.stopped:
        return Outcome(
            state="stopped", message=f"Stopped after step {progress.step:,} of {course.steps:,}. {kept}", result=result
        )
    if progress.stopped_early:
        message = (
            f"Validation loss stopped improving, so the run ended at step {progress.step:,} of {course.steps:,}. {kept}"
        )
        return Outcome(state="done", message=message, result=result)
    steps = f"{progress.step:,} step{'' if progress.step == 1 else 's'}"
    return Outcome(state="done", message=f"Trained {steps}. {kept}", result=result)

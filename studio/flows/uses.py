"""Uses: what keeps something from being deleted, in one sentence with what to do first."""

from collections.abc import Sequence
from typing import Any

from studio.domain.deleted import Kind, Stage, Thing
from studio.domain.errors import DatasetError, ExportError, RecipeError, RunError, StudioError, StudyError
from studio.domain.job import Job, JobKind
from studio.domain.run import Listed, Run
from studio.domain.study import Study, StudyState
from studio.flows import compare, things
from studio.flows.studio import Studio
from studio.store import datasets, jobs, releases, runs, studies
from studio.store import deleted as stored
from studio.store import models as added

WORK = {
    JobKind.TRAIN: "a run",
    JobKind.PROBE: "two steps that are tried",
    JobKind.GENERATE: "answers that are written",
    JobKind.GATES: "gates that are judged",
    JobKind.EXPORT: "a delivery",
    JobKind.DOWNLOAD: "a download",
}


def objection(studio: Studio, thing: Thing, *, even_judged: bool = False) -> StudioError | None:
    """What uses it, with what to do first; None where nothing does. `even_judged` lets judged runs go."""
    return _own(studio, thing, even_judged=even_judged) or _at_work(studio, thing)


def _own(studio: Studio, thing: Thing, *, even_judged: bool) -> StudioError | None:
    match thing.kind:
        case Kind.DATASET:
            return _of_dataset(studio, thing)
        case Kind.RUN:
            return _of_run(studio, runs.get(studio.store, thing.id), even_judged=even_judged)
        case Kind.CHECKPOINT:
            return _of_checkpoint(studio, *things.run_and_step(thing.id))
        case Kind.STUDY:
            is_hidden = stored.find(studio.store, thing.kind, thing.id) is not None
            return None if is_hidden else _of_study(compare.study(studio, thing.id))
        case Kind.RELEASE:
            return _of_release(releases.get(studio.store, thing.id).job)
        case Kind.MODEL:
            return _of_model(studio, thing)


def _of_dataset(studio: Studio, thing: Thing) -> StudioError | None:
    versions = {version.id for version in datasets.versions(studio.store, thing.id)}
    learned = [run.name for run in _every_run(studio, dataset_ids=versions)]
    if not learned:
        return None
    return DatasetError(
        f"{thing.name} is what {_several(learned)} learned from.",
        fix="Remove that for good first, or keep it, so that it can always be said what was learned.",
    )


def _of_run(studio: Studio, run: Run, *, even_judged: bool) -> StudioError | None:
    if run.is_live:
        return RunError(f"{run.name} is still going.", fix="Stop it first.")
    resting = studies.all(studio.store, run_id=run.id)
    if even_judged or not resting:
        return None
    many = "A study rests" if len(resting) == 1 else f"{len(resting)} studies rest"
    return RunError(
        f"{many} on {run.name}. What people judged would stay; its checkpoints would not.",
        fix="Say that you mean judged runs as well, and delete it again.",
        field="judged",
    )


def _of_checkpoint(studio: Studio, run_id: str, step: int) -> StudioError | None:
    run = runs.get(studio.store, run_id)
    if run.is_live:
        return RunError(
            f"{run.name} is still training, and its checkpoints come and go.", fix="Wait, or stop it first."
        )
    if run.chosen_step == step:
        return RunError("This checkpoint is the one that Compare and Deliver use.", fix="Use another one first.")
    judged = [study for study in studies.all(studio.store, run_id=run_id) if study.checkpoint_step == step]
    if judged:
        return StudyError(
            f"{judged[0].name} judges this checkpoint.", fix="Delete that comparison first, or keep both."
        )
    return None


def _of_study(study: Study) -> StudioError | None:
    if study.state is StudyState.OPEN:
        return StudyError(f"{study.name} is open, and people may be judging it.", fix="Close it first.")
    return None


def _of_release(job: Job) -> StudioError | None:
    return ExportError("This delivery is still being made.", fix="Cancel it first.") if job.is_live else None


def _of_model(studio: Studio, thing: Thing) -> StudioError | None:
    model = added.get(studio.store, thing.id)
    if model.job is not None and model.job.is_live:
        return RecipeError(f"{thing.name} is being downloaded.", fix="Stop the download first.")
    gone = {each.thing.id for each in stored.all(studio.store, Stage.GOING, Stage.GONE)}
    learned = [run.name for run in _every_run(studio, model_id=thing.id) if run.id not in gone]
    if not learned:
        return None
    return RecipeError(
        f"{thing.name} is what {_several(learned)} learned from.",
        fix="Keep it: without it that could neither answer nor be resumed.",
    )


def _at_work(studio: Studio, thing: Thing) -> StudioError | None:
    """What waits or runs now and reads or writes its files."""
    found = jobs.naming(studio.store, things.places(studio, thing))
    if not found:
        return None
    work, stands = WORK.get(found[0].kind, "other work"), "waits" if found[0].started_at is None else "runs"
    return StudioError(f"{thing.name} is used by {work} that {stands}.", fix="Wait until that ends, or stop it first.")


def _every_run(studio: Studio, **wanted: Any) -> list[Listed]:
    return [run for deleted in (False, True) for run in runs.all(studio.store, deleted=deleted, **wanted)]


def _several(names: Sequence[str]) -> str:
    shown = ", ".join(names[:3])
    return f"{shown} and {len(names) - 3:,} more" if len(names) > 3 else shown

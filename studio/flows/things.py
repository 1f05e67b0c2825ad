"""Things that can be deleted: what each is called, which files are its own, and what the database forgets with it."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from studio.domain.dataset import Dataset
from studio.domain.deleted import AT, Kind, Thing, kind_of
from studio.domain.errors import RunError
from studio.domain.release import Release
from studio.flows import train
from studio.flows.studio import Studio
from studio.store import datasets, jobs, releases, runs, studies
from studio.store import deleted as stored
from studio.store import models as added
from studio.store.models import AddedModel


def every(studio: Studio) -> list[Thing]:
    """All that is listed and could be deleted, the largest first, without asking for one after the other."""
    found = [*_datasets(studio), *_runs(studio), *_studies(studio), *_releases(studio), *_models(studio)]
    return sorted(found, key=lambda each: -each.bytes)


def _datasets(studio: Studio) -> list[Thing]:
    of_root: dict[str, list[Dataset]] = {}
    for version in sorted(datasets.all(studio.store), key=lambda each: each.version):
        of_root.setdefault(version.root, []).append(version)
    work = jobs.ids_of(studio.store, [each.id for versions in of_root.values() for each in versions])
    return [
        _thing(Kind.DATASET, root, versions[-1].name, _of_dataset(studio, versions, work))
        for root, versions in of_root.items()
    ]


def _studies(studio: Studio) -> list[Thing]:
    found = studies.all(studio.store)
    work = jobs.ids_of(studio.store, [each.id for each in found])
    return [_thing(Kind.STUDY, each.id, each.name, _of_study(studio, each.id, work)) for each in found]


def _releases(studio: Studio) -> list[Thing]:
    return [_thing(Kind.RELEASE, each.id, each.title, _of_release(studio, each)) for each in releases.all(studio.store)]


def _models(studio: Studio) -> list[Thing]:
    return [_thing(Kind.MODEL, each.id, each.title, _of_model(each)) for each in added.all(studio.store)]


def _runs(studio: Studio) -> list[Thing]:
    """Every run and each of its checkpoints."""
    space, found = studio.workspace, train.runs(studio)
    kept = runs.checkpoints_of(studio.store, [run.id for run in found])
    made = []
    for run in found:
        made.append(_thing(Kind.RUN, run.id, run.name, [space.run(run.id), space.job(run.job_id)]))
        for each in train.with_harm(space.run(run.id), kept[run.id], ()):
            place, title = _checkpoint(studio, run.id, each.step), _step_of(run.name, each.step)
            title += ", damaged" if each.harm else ""
            made.append(_thing(Kind.CHECKPOINT, f"{run.id}{AT}{each.step}", title, [place]))
    return made


def thing(studio: Studio, id: str) -> Thing:
    """What has this id, with what it takes; a StudioError where there is none. Of a dataset it is all versions."""
    kind = kind_of(id)
    match kind:
        case Kind.DATASET:
            newest = datasets.versions(studio.store, datasets.get(studio.store, id).root)[-1]
            id, name = newest.root, newest.name
        case Kind.RUN:
            name = runs.get(studio.store, id).name
        case Kind.CHECKPOINT:
            run_id, step = run_and_step(id)
            name = _step_of(runs.get(studio.store, run_id).name, step)
            if step not in {each.step for each in runs.checkpoints(studio.store, run_id)}:
                raise RunError(f"There is no checkpoint at step {step}.", fix="Pick one from the table of checkpoints.")
        case Kind.STUDY:
            name = studies.get(studio.store, id).name
        case Kind.RELEASE:
            name = releases.get(studio.store, id).title
        case Kind.MODEL:
            name = added.get(studio.store, id).title
    return _thing(kind, id, name, places(studio, Thing(kind, id, name, 0)))


def _thing(kind: Kind, id: str, name: str, places: list[Path]) -> Thing:
    return Thing(kind, id, name, sum(jobs.size_of(place) for place in places))


def _step_of(name: str, step: int) -> str:
    return f"{name}, step {step:,}"


def _checkpoint(studio: Studio, run_id: str, step: int) -> Path:
    return studio.workspace.run(run_id) / "checkpoints" / f"step-{step}"


def places(studio: Studio, found: Thing) -> list[Path]:
    """The folders of the workspace that go with it."""
    space = studio.workspace
    match found.kind:
        case Kind.DATASET:
            versions = datasets.versions(studio.store, found.id)
            return _of_dataset(studio, versions, jobs.ids_of(studio.store, [each.id for each in versions]))
        case Kind.RUN:
            return [space.run(found.id), space.job(runs.get(studio.store, found.id).job.id)]
        case Kind.CHECKPOINT:
            run_id, step = run_and_step(found.id)
            again = {each.step for each in runs.checkpoints(studio.store, run_id)}
            is_hidden = stored.find(studio.store, found.kind, found.id) is not None
            written_anew = is_hidden and step in again
            return [] if written_anew else [_checkpoint(studio, run_id, step)]
        case Kind.STUDY:
            return _of_study(studio, found.id, jobs.ids_of(studio.store, [found.id]))
        case Kind.RELEASE:
            return _of_release(studio, releases.get(studio.store, found.id))
        case Kind.MODEL:
            return _of_model(added.get(studio.store, found.id))


def _of_dataset(studio: Studio, versions: Sequence[Dataset], work: Mapping[str, Sequence[str]]) -> list[Path]:
    space = studio.workspace
    own = [space.dataset(version.id) for version in versions]
    return own + [space.job(job_id) for version in versions for job_id in work.get(version.id, ())]


def _of_study(studio: Studio, study_id: str, work: Mapping[str, Sequence[str]]) -> list[Path]:
    space = studio.workspace
    return [space.study(study_id), *(space.job(job_id) for job_id in work.get(study_id, ()))]


def _of_release(studio: Studio, release: Release) -> list[Path]:
    return [*([release.path] if release.is_kept else []), studio.workspace.job(release.job.id)]


def _of_model(model: AddedModel) -> list[Path]:
    return [model.path, model.path.with_name(f"{model.path.name}.part")] if model.hub_id else []


def forgetting(studio: Studio, found: Thing) -> Callable[[Any], None]:
    """What takes it out of the database, within a transaction."""
    match found.kind:
        case Kind.DATASET:
            versions = datasets.versions(studio.store, found.id)
            return lambda connection: datasets.forget(connection, versions)
        case Kind.RUN:
            forget = runs.forget
        case Kind.STUDY:
            forget = studies.forget
        case Kind.RELEASE:
            forget = releases.forget
        case Kind.MODEL:
            forget = added.forget
        case Kind.CHECKPOINT:
            return lambda connection: None
    return lambda connection: forget(connection, found.id)


def leaves_its_name(studio: Studio, found: Thing) -> bool:
    """Whether something still names it once its files are gone, so that it stays hidden."""
    if found.kind is Kind.RUN:
        return runs.exists(studio.store, found.id)
    return found.kind in (Kind.CHECKPOINT, Kind.STUDY)


def run_and_step(id: str) -> tuple[str, int]:
    """The run and the step of a checkpoint's id."""
    run_id, _, step = id.partition(AT)
    if not step.isdecimal():
        raise RunError(f"{id} is no checkpoint.", fix=f"Name it as RUN{AT}STEP.")
    return run_id, int(step)

"""Space: what takes how much, the budget, and what is refused with numbers because it would not fit."""

import re
from pathlib import Path

import pytest

from studio.domain.errors import DatasetError, ExportError, RunError, SetupError, StudyError
from studio.domain.job import JobKind, JobState
from studio.domain.release import Form
from studio.domain.run import Run
from studio.domain.space import SPARE, Share
from studio.flows import bring, compare, deliver, space, train
from studio.flows.models import STARTER
from studio.flows.studio import Studio
from studio.recipes.memory import trained_values
from studio.recipes.shape import shape_of_folder
from studio.store import jobs
from tests.flows.conftest import RECIPE


def test_each_share_of_the_workspace_is_told_in_bytes(resting: Studio):
    (resting.workspace.root / "models" / "m").mkdir()
    (resting.workspace.root / "models" / "m" / "weights").write_bytes(bytes(5000))
    (resting.workspace.root / "before-restore-1").mkdir()
    (resting.workspace.root / "before-restore-1" / "studio.db").write_bytes(bytes(70))
    found = space.space(resting)
    assert (found.taken[Share.MODELS], found.taken[Share.BACKUPS], found.taken[Share.RUNS]) == (5000, 70, 0)
    assert found.taken[Share.REST] >= resting.workspace.database.stat().st_size
    assert found.used == sum(path.stat().st_size for path in resting.workspace.root.rglob("*") if path.is_file())


def test_a_budget_is_written_as_people_write_sizes(resting: Studio, monkeypatch: pytest.MonkeyPatch):
    assert space.budget(resting) is None
    assert space.set_budget(resting, " 1.5 GB") == space.budget(resting) == 1_500_000_000
    for wrong in ("much", "-1", "0", "GB", "1e9", "9" * 400):
        with pytest.raises(SetupError, match="is no size"):
            space.set_budget(resting, wrong)
    monkeypatch.setenv("STUDIO_BUDGET", "80MB")
    assert space.budget(resting) == 80_000_000
    with pytest.raises(SetupError, match="STUDIO_BUDGET sets the budget"):
        space.set_budget(resting, "none")
    monkeypatch.delenv("STUDIO_BUDGET")
    assert space.set_budget(resting, "none") is None and space.budget(resting) is None


def test_what_does_not_fit_is_refused_with_how_much_to_free_and_where(resting: Studio, file: Path, monkeypatch):
    monkeypatch.setattr(space, "disk_free", lambda place: SPARE + 1_000)
    weights = resting.workspace.root / "models" / "weights"
    weights.write_bytes(bytes(600_000))
    with pytest.raises(DatasetError) as refused:
        bring.bring_file(resting, file)
    assert re.fullmatch(r"Reading this file takes \d+ kB on the disk, and 1 kB can be used\.", refused.value.message)
    assert re.fullmatch(r"Free \d+ kB: remove downloaded models \(600 kB\)\.", refused.value.fix)
    space.set_budget(resting, "1 MB")
    with pytest.raises(DatasetError) as refused:
        bring.bring_file(resting, file)
    assert refused.value.fix.endswith("remove downloaded models (600 kB) or raise the budget of 1 MB.")


def test_upload_training_and_delivery_at_once_share_the_last_of_the_disk(
    quiet: Studio, trained: Run, file: Path, monkeypatch
):
    """One after the other they would all fit; what the first was promised, the others do not get."""
    needed = space.of_run(_values(quiet))
    monkeypatch.setattr(space, "disk_free", lambda place: SPARE + needed + 1_000)
    run = train.start(quiet, trained.dataset_id, STARTER, RECIPE, key="fits")
    with pytest.raises(RunError, match=r"This run takes \d+ MB on the disk, and 1 kB can be used"):
        train.start(quiet, trained.dataset_id, STARTER, RECIPE, key="fits no more")
    with pytest.raises(DatasetError, match="Reading this file"):
        bring.bring_file(quiet, file)
    with pytest.raises(ExportError, match="It takes"):
        deliver.make(quiet, trained.id, Form.ADAPTER, key="beside")
    with pytest.raises(StudyError, match="Writing the answers takes"):
        compare.create(quiet, trained.id, prompts=10, key="beside")
    assert [job.id for job in jobs.live(quiet.store)] == [run.job.id]

    claimed = jobs.claim(quiet.store, kinds=[JobKind.TRAIN])
    assert claimed and jobs.move(quiet.store, run.job.id, attempt=1, to=JobState.INTERRUPTED)
    made = deliver.make(quiet, trained.id, Form.ADAPTER, key="after")
    with pytest.raises(RunError, match="This run takes"):
        train.resume(quiet, run.id)
    deliver.cancel(quiet, made.id)
    assert train.resume(quiet, run.id).is_live


def _values(studio: Studio) -> int:
    return trained_values(shape_of_folder(studio.assets / "starter"), RECIPE)


def test_what_a_run_claims_is_more_than_it_leaves(working: Studio, trained: Run):
    left = jobs.size_of(working.workspace.run(trained.id)) + jobs.size_of(working.workspace.job(trained.job.id))
    assert 0 < left <= space.of_run(_values(working))

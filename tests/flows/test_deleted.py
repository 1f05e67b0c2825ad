"""What is deleted goes into the bin first, with its size, and for good only when nothing uses it."""

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from studio.domain.dataset import Dataset
from studio.domain.deleted import KEPT_DAYS, Kind, Stage
from studio.domain.errors import DatasetError, RunError, SetupError, StudioError, StudyError
from studio.domain.job import JobKind, JobState, Wish
from studio.domain.release import Form
from studio.domain.run import Run
from studio.domain.study import Choice, Study
from studio.flows import bring, compare, deleted, deliver, draft, judge, openings, things, train
from studio.flows.models import STARTER
from studio.flows.studio import Studio
from studio.store import deleted as stored
from studio.store import jobs
from studio.store import runs as held
from tests.failing import die, each_operation, in_a_child
from tests.flows.conftest import RECIPE

LATER = timedelta(days=KEPT_DAYS, minutes=1)


@pytest.fixture
def second(quiet: Studio, file: Path) -> Dataset:
    """A dataset that nothing has to do with, as read as the worker would leave it."""
    brought = bring.bring_file(quiet, file, name="Second")
    claimed = jobs.claim(quiet.store, kinds=[JobKind.INGEST])
    assert claimed is not None
    assert jobs.move(quiet.store, brought.job_id, attempt=1, to=JobState.DONE, result={"rows": 60})
    return bring.dataset(quiet, brought.id)


def test_a_deleted_run_comes_back_until_its_days_are_over(quiet: Studio, trained: Run):
    folder = quiet.workspace.run(trained.id)
    (binned,) = deleted.delete(quiet, [trained.id])
    assert binned.thing.bytes >= jobs.size_of(folder) > 1_000_000
    assert trained.id not in {run.id for run in train.runs(quiet)} and deleted.listed(quiet) == [binned]
    with pytest.raises(StudioError, match="is deleted already"):
        deleted.delete(quiet, [trained.id])
    deleted.restore(quiet, [trained.id])
    with pytest.raises(StudioError, match="is not in the bin"):
        deleted.restore(quiet, [trained.id])
    assert trained.id in {run.id for run in train.runs(quiet)} and train.best_checkpoint(quiet, trained.id)
    deleted.delete(quiet, [trained.id])
    assert deleted.expire(quiet) == 0 and folder.exists()
    assert deleted.expire(quiet, now=datetime.now(UTC) + LATER) > 1_000_000 and not folder.exists()
    assert held.all(quiet.store, deleted=True) == [] and deleted.listed(quiet) == []
    with pytest.raises(RunError, match="no run called"):
        deleted.restore(quiet, [trained.id])


def test_fifty_presses_from_ten_pages_move_it_once_bring_it_back_once_and_remove_it_once(
    quiet: Studio, second: Dataset, trained: Run
):
    """Others hear in a sentence that it is done already, and nobody's press fails."""
    both = [trained.id, second.id]

    def pressed(act: Callable[[], object]) -> list[object]:
        def press(_: int) -> object:
            try:
                return act()
            except StudioError as error:
                return error.message

        with ThreadPoolExecutor(10) as pool:
            return list(pool.map(press, range(50)))

    told = pressed(lambda: deleted.delete(quiet, both))
    assert {each.thing.id for each in deleted.listed(quiet)} == set(both)
    assert all("is deleted already" in each for each in told if isinstance(each, str))
    told = pressed(lambda: len(deleted.restore(quiet, both)))
    assert deleted.listed(quiet) == [] and 2 in told
    assert all("not in the bin" in str(each) for each in told if each != 2)
    deleted.delete(quiet, both)
    freed = pressed(lambda: deleted.empty(quiet))
    assert stored.all(quiet.store, *Stage) == [] and not quiet.workspace.run(trained.id).exists()
    assert [each for each in freed if isinstance(each, str)] == []
    assert sum(1 for each in freed if each) in (1, 2), freed  # one each, or one both


def test_how_long_the_bin_keeps_things_is_a_setting(quiet: Studio, trained: Run):
    deleted.set_days(quiet, 2)
    deleted.delete(quiet, [trained.id])
    assert deleted.expire(quiet, now=datetime.now(UTC) + timedelta(days=1)) == 0
    assert deleted.expire(quiet, now=datetime.now(UTC) + timedelta(days=2, minutes=1)) > 0
    with pytest.raises(SetupError, match="1 to 3,650 days"):
        deleted.set_days(quiet, 0)


def test_a_live_run_is_not_deleted_nor_one_that_it_begins_from(quiet: Studio, trained: Run, dataset: Dataset):
    next_stage = train.start(quiet, dataset.id, STARTER, RECIPE, begin=trained.id, key="the second stage")
    with pytest.raises(RunError, match="still going"):
        deleted.delete(quiet, [next_stage.id])
    with pytest.raises(StudioError, match="is used by a run that waits"):
        deleted.delete(quiet, [trained.id])
    assert trained.id in {run.id for run in train.runs(quiet)}


def test_what_came_to_be_used_while_it_lay_in_the_bin_stays_there(quiet: Studio, trained: Run, dataset: Dataset):
    deleted.delete(quiet, [trained.id])
    train.start(quiet, dataset.id, STARTER, RECIPE, begin=trained.id, key="the second stage")
    assert deleted.empty(quiet) == 0 and quiet.workspace.run(trained.id).exists()
    assert deleted.expire(quiet, now=datetime.now(UTC) + LATER) == 0
    with pytest.raises(StudioError, match="is used by a run that waits"):
        deleted.empty(quiet, [trained.id])


def test_a_judged_run_goes_only_where_that_is_meant_and_what_was_judged_stays(
    quiet: Studio, opened: Callable[..., Study], judge_all: Callable[..., None], trained: Run
):
    study = opened()
    judge_all(study, Choice.LEFT)
    with pytest.raises(RunError, match="A study rests on") as refused:
        deleted.delete(quiet, [trained.id])
    assert refused.value.field == "judged" and train.runs(quiet)
    deleted.delete(quiet, [trained.id], even_judged=True)
    deleted.empty(quiet)
    assert not quiet.workspace.run(trained.id).exists()
    assert train.run(quiet, study.run_id).name == trained.name and compare.progress(quiet, study.id).rated
    with pytest.raises(StudioError, match="are gone") as refused:
        deleted.restore(quiet, [trained.id])
    assert "Train it again" in refused.value.fix


def test_a_dataset_goes_with_all_its_versions_and_only_if_nothing_learned_from_it(
    quiet: Studio, second: Dataset, trained: Run
):
    with pytest.raises(DatasetError, match=f"is what {trained.name} learned from"):
        deleted.delete(quiet, [trained.dataset_id])
    (binned,) = deleted.delete(quiet, [second.id])
    assert second.id not in {each.id for each in bring.datasets(quiet)}
    assert binned.thing.title == "Dataset Second" and binned.thing.bytes >= second.bytes
    assert deleted.empty(quiet) >= second.bytes and not quiet.workspace.dataset(second.id).exists()
    with pytest.raises(DatasetError, match="no dataset called"):
        bring.dataset(quiet, second.id)
    deleted.delete(quiet, [trained.id])
    with pytest.raises(DatasetError, match="learned from"):  # its run may come back
        deleted.delete(quiet, [trained.dataset_id])


def test_a_checkpoint_is_deleted_alone_unless_it_is_the_one_that_is_used_or_judged(
    quiet: Studio, opened: Callable[..., Study], trained: Run
):
    steps = [each.step for each in train.checkpoints(quiet, trained.id)]
    assert len(steps) > 1
    best = train.best_checkpoint(quiet, trained.id).step
    other = next(step for step in steps if step != best)
    opened()
    with pytest.raises(StudyError, match="judges this checkpoint"):
        deleted.delete(quiet, [f"{trained.id}@{best}"])
    train.use(quiet, trained.id, other)
    with pytest.raises(RunError, match="Compare and Deliver use"):
        deleted.delete(quiet, [f"{trained.id}@{other}"])
    train.use(quiet, trained.id, None)
    deleted.delete(quiet, [f"{trained.id}@{other}"])
    assert [each.step for each in train.saved(quiet, trained.id)] == [step for step in steps if step != other]
    deleted.restore(quiet, [f"{trained.id}@{other}"])
    assert [each.step for each in train.saved(quiet, trained.id)] == steps
    deleted.delete(quiet, [f"{trained.id}@{other}"])
    folder = quiet.workspace.run(trained.id) / "checkpoints" / f"step-{other}"
    assert deleted.empty(quiet) > 0 and not folder.exists()
    assert [each.step for each in train.saved(quiet, trained.id)] == [step for step in steps if step != other]
    for wrong in (f"{trained.id}@{other}", f"{trained.id}@x", f"{trained.id}@"):
        with pytest.raises(StudioError):
            deleted.delete(quiet, [wrong])


def test_a_deleted_comparison_counts_among_those_on_its_prompts_for_good(
    quiet: Studio, opened: Callable[..., Study], judge_all: Callable[..., None], trained: Run
):
    study = opened()
    judge_all(study, Choice.LEFT)
    with pytest.raises(StudyError, match="people may be judging it"):
        deleted.delete(quiet, [study.id])
    rater = judge.named(quiet, study.id, "ann").token
    compare.close(quiet, study.id)
    counted = openings.earlier(quiet)
    for job in jobs.live(quiet.store):
        jobs.wish(quiet.store, job.id, Wish.STOP)
    deleted.delete(quiet, [study.id])
    assert compare.studies(quiet) == []
    with pytest.raises(StudyError, match="was deleted"):
        compare.study(quiet, study.id)
    with pytest.raises(StudyError, match="was deleted"):
        judge.turn(quiet, rater)
    deleted.restore(quiet, [study.id])
    assert compare.study(quiet, study.id).closed_at and compare.progress(quiet, study.id).rated
    deleted.delete(quiet, [study.id])
    deleted.empty(quiet)
    assert not quiet.workspace.study(study.id).exists() and openings.earlier(quiet) == counted
    assert [each.thing.id for each in stored.all(quiet.store, Stage.GONE)] == [study.id]
    assert draft.draft(quiet, trained.id, draft.Wanted(cap=4)).protocol.opening > 1
    deleted.delete(quiet, [trained.id])  # no comparison that could be read rests on it any more
    deleted.empty(quiet)
    assert train.runs(quiet) == []


def test_a_delivery_on_its_way_keeps_its_checkpoint(quiet: Studio, trained: Run):
    made = deliver.make(quiet, trained.id, Form.ADAPTER, key="on its way")
    with pytest.raises(StudioError, match="is used by a delivery that waits"):
        deleted.delete(quiet, [f"{trained.id}@{made.step}"])
    with pytest.raises(StudioError, match="still being made"):
        deleted.delete(quiet, [made.id])
    deliver.cancel(quiet, made.id)
    deleted.delete(quiet, [made.id])


def test_everything_that_can_be_deleted_is_offered_with_its_size_the_largest_first(quiet: Studio, trained: Run):
    offered = things.every(quiet)
    assert {Kind.RUN, Kind.CHECKPOINT, Kind.DATASET} <= {thing.kind for thing in offered}
    assert [thing.bytes for thing in offered] == sorted((thing.bytes for thing in offered), reverse=True)
    assert all(thing.bytes == things.thing(quiet, thing.id).bytes for thing in offered)


def test_a_damaged_checkpoint_is_offered_as_well_and_goes(quiet: Studio, trained: Run):
    best = train.best_checkpoint(quiet, trained.id).step
    other = next(each for each in train.checkpoints(quiet, trained.id) if each.step != best)
    (quiet.workspace.run(trained.id) / other.path / "adapter_config.json").unlink()
    damaged = f"{trained.id}@{other.step}"
    (title,) = (thing.title for thing in things.every(quiet) if thing.id == damaged)
    assert title.endswith(f"step {other.step:,}, damaged")
    deleted.delete(quiet, [damaged])
    assert damaged not in {thing.id for thing in things.every(quiet)} and deleted.empty(quiet) > 0
    assert not (quiet.workspace.run(trained.id) / other.path).exists()
    with pytest.raises(RunError, match="no checkpoint at step 9999"):
        deleted.delete(quiet, [f"{trained.id}@9999"])


def test_a_removal_that_is_cut_short_anywhere_is_finished_by_the_next(quiet: Studio, trained: Run, tmp_path: Path):
    """F48: killed at any operation on a file, nothing half stays, and doing it again changes nothing more."""
    kept, folder = tmp_path / "kept", quiet.workspace.run(trained.id)
    shutil.copytree(quiet.workspace.root, kept)
    deleted.delete(quiet, [trained.id])
    due = datetime.now(UTC) + LATER
    deadly = in_a_child(lambda: deleted.expire(quiet, now=due))
    for _ in each_operation(quiet.workspace.root / "runs", deadly, instead=die):
        deleted.expire(quiet, now=due)
        assert not folder.exists() and stored.all(quiet.store, *Stage) == []
        assert trained.id not in {run.id for run in train.runs(quiet)}
        quiet.store.close()
        for part in ("runs", "jobs"):
            shutil.copytree(kept / part, quiet.workspace.root / part, dirs_exist_ok=True)
        shutil.copyfile(kept / "studio.db", quiet.workspace.database)
        deleted.delete(quiet, [trained.id])

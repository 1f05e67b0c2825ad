"""A real workspace whose supervisor starts real workers, one run trained in it, and copies of it to judge in."""

import json
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from studio.domain.dataset import Dataset
from studio.domain.job import JobKind, JobState
from studio.domain.recipe import Recipe
from studio.domain.run import Run
from studio.domain.split import SplitChoices
from studio.domain.study import Choice, Item, Study
from studio.flows import bring, compare, inspect, judge, split, train
from studio.flows.models import STARTER
from studio.flows.studio import ASSETS, Studio, open_studio
from studio.jobs.presence import ensure_supervisor
from studio.store import jobs, studies
from studio.store.workspace import Workspace
from tests.supervised import end_supervisor

PATIENCE = 240.0
GOOD = [json.loads(line) for line in (ASSETS / "samples" / "triage.jsonl").read_text().splitlines()[:60]]
RECIPE = Recipe(epochs=2, learning_rate=4e-3, rank=8, max_length=128, evaluations=2)

# What stands on the lines 61 to 67 of the file, below 60 good rows.
COPY = GOOD[0]
CONTRADICTION = {"messages": [GOOD[1]["messages"][0], {"role": "assistant", "content": "category: other"}]}
FORMULA = {"messages": [{"role": "user", "content": "=1+1"}, {"role": "assistant", "content": "+2, and <b>more</b>"}]}
LONG = {"messages": [{"role": "user", "content": "the parcel is late " * 100}, {"role": "assistant", "content": "ok"}]}
NO_ANSWER = {"messages": [{"role": "user", "content": "Where is it?"}]}
LINES = [json.dumps(row) for row in (*GOOD, COPY, CONTRADICTION, FORMULA, LONG)] + [
    "",
    '{"messages": [',
    json.dumps(NO_ANSWER),
]


@contextmanager
def carrying_out(root: Path) -> Iterator[Studio]:
    """A studio in a workspace of its own, whose jobs are carried out until the block ends."""
    studio = open_studio(root)
    ensure_supervisor(studio.workspace)
    yield studio
    end_supervisor(studio.workspace)
    studio.store.close()


@pytest.fixture(scope="session")
def working(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """A studio that carries out its jobs."""
    with carrying_out(tmp_path_factory.mktemp("flows") / "workspace") as studio:
        yield studio


@pytest.fixture
def resting(tmp_path: Path) -> Iterator[Studio]:
    """A studio with nothing in it, whose jobs wait."""
    studio = open_studio(tmp_path / "resting")
    yield studio
    studio.store.close()


@pytest.fixture(scope="session")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """60 good rows, a copy, a contradiction, a formula, a long row, a blank line and two lines that are no rows."""
    path = tmp_path_factory.mktemp("file") / "Support desk.jsonl"
    path.write_text("\n".join(LINES) + "\n")
    return path


@pytest.fixture(scope="session")
def dataset(working: Studio, file: Path) -> Dataset:
    """The file once it has been read, measured for the starter, and dealt with a large share held out."""
    brought = bring.bring_file(working, file)
    train.wait(working, brought.job_id, seconds=PATIENCE)
    measuring = inspect.look(working, brought.id, STARTER).measuring
    assert measuring is not None
    train.wait(working, measuring.id, seconds=PATIENCE)
    split.choose(working, brought.id, SplitChoices(held_out=0.4))
    return bring.ready(working, brought.id)


@pytest.fixture(scope="session")
def trained(working: Studio, dataset: Dataset) -> Run:
    """A short run that has finished."""
    run = train.start(working, dataset.id, STARTER, RECIPE, key="the trained run")
    train.wait(working, run.job.id, seconds=PATIENCE)
    return train.run(working, run.id)


@pytest.fixture
def quiet(working: Studio, trained: Run, tmp_path: Path) -> Iterator[Studio]:
    """A copy of the workspace with the trained run, in which jobs wait for the test to carry them out."""
    copy = Workspace(tmp_path / "quiet")
    passing = shutil.ignore_patterns("studio.db*", "supervisor.*", "jobs", "*.part")
    shutil.copytree(working.workspace.root, copy.root, ignore=passing)
    with closing(sqlite3.connect(working.workspace.database)) as source, closing(sqlite3.connect(copy.database)) as to:
        source.backup(to)
    studio = open_studio(copy.root)
    yield studio
    studio.store.close()


@pytest.fixture
def copied(quiet: Studio) -> Iterator[Studio]:
    """The copy, in which jobs are carried out."""
    ensure_supervisor(quiet.workspace)
    yield quiet
    end_supervisor(quiet.workspace)


@pytest.fixture
def write_answers() -> Callable[..., None]:
    """Answer as a worker would: what the base and the fine-tuned model say to a row, and the job is done."""

    def write(
        studio: Studio,
        study: Study,
        *,
        base: Callable[[int], str] = "base {}".format,
        tuned: Callable[[int], str] = "tuned {}".format,
    ) -> None:
        claimed = jobs.claim(studio.store, kinds=[JobKind.GENERATE])
        assert claimed is not None and claimed[0].id == study.job.id
        out = Path(claimed[1]["out"])
        out.parent.mkdir(parents=True)
        lines = [{"row": row, "base": base(row), "tuned": tuned(row)} for row in claimed[1]["rows"]]
        out.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
        assert jobs.move(studio.store, study.job.id, attempt=1, to=JobState.DONE, message="Written.")

    return write


@pytest.fixture
def opened(quiet: Studio, trained: Run, write_answers: Callable[..., None]) -> Callable[..., Study]:
    """A study in the quiet workspace that people may rate."""

    def make(*, key: str = "study", prompts: int = 10, question: str = "Which is better?", **answers: Any) -> Study:
        made = compare.create(quiet, trained.id, prompts=prompts, question=question, key=key)
        write_answers(quiet, made, **answers)
        return compare.study(quiet, made.id)

    return make


@pytest.fixture
def judge_all(quiet: Studio) -> Callable[..., None]:
    """One rater says the same of every card that is left, or what `choose` makes of the item behind it."""

    def run(study: Study, choose: Choice | Callable[[Item], Choice], *, rater: str = "ann") -> None:
        items = {item.id: item for item in studies.items(quiet.store, study.id)}
        for card in judge.remaining_cards(quiet, study.rating_token, rater):
            choice = choose(items[card.item_id]) if callable(choose) else choose
            judge.rate(quiet, study.rating_token, rater, card.item_id, choice)

    return run


def for_tuned(item: Item) -> Choice:
    """The side on which the fine-tuned answer is shown."""
    return Choice(item.tuned_side.value)


def for_base(item: Item) -> Choice:
    return Choice.RIGHT if for_tuned(item) is Choice.LEFT else Choice.LEFT


@pytest.fixture
def eventually() -> Callable[..., Any]:
    """Wait until a question has a true answer, and give that answer."""

    def wait(question: Callable[[], Any], *, seconds: float = PATIENCE) -> Any:
        deadline = time.monotonic() + seconds
        while not (answer := question()):
            assert time.monotonic() < deadline, f"not within {seconds:.0f} s"
            time.sleep(0.05)
        return answer

    return wait

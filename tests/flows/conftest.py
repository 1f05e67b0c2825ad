"""A real workspace whose supervisor starts real workers, one run trained in it, and copies of it to judge in."""

import fcntl
import json
import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from studio.domain.dataset import Dataset
from studio.domain.dealing import Dealt
from studio.domain.job import JobKind, JobState
from studio.domain.protocol import Rival
from studio.domain.recipe import Recipe
from studio.domain.run import Run
from studio.domain.split import SplitChoices
from studio.domain.study import Choice, Study
from studio.flows import bring, compare, inspect, judge, split, train
from studio.flows.judge import Vote
from studio.flows.models import STARTER
from studio.flows.studio import ASSETS, Studio, open_studio
from studio.jobs.launcher import Launcher
from studio.store import cards, jobs, studies
from studio.store.workspace import Workspace
from tests.supervised import supervised

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
def carrying_out(root: Path, bearing: Launcher) -> Iterator[Studio]:
    """A studio in a workspace of its own, whose jobs are carried out until the block ends."""
    studio = open_studio(root)
    with supervised(studio.store, bearing):
        yield studio
    studio.store.close()


@dataclass(frozen=True)
class Prepared:
    """A workspace that nothing works in, with the ids of what is in it."""

    workspace: Workspace
    dataset: str
    run: str


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory, file: Path, bearing: Launcher) -> Prepared:
    """The file brought, measured and dealt, and a short run trained on it; made once for all processes of these tests."""
    own = tmp_path_factory.getbasetemp()
    root = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "prepared"
    with root.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = root.with_suffix(".json")
        if not made.exists():
            with carrying_out(root, bearing) as studio:
                dataset = _brought(studio, file)
                made.write_text(json.dumps([dataset, _trained(studio, dataset)]))
        return Prepared(Workspace(root), *json.loads(made.read_text()))


def _brought(studio: Studio, file: Path) -> str:
    """The file once it has been read, measured for the starter, and dealt with a large share held out."""
    brought = bring.bring_file(studio, file)
    train.wait(studio, brought.job_id, seconds=PATIENCE)
    measuring = inspect.look(studio, brought.id, STARTER).measuring
    assert measuring is not None
    train.wait(studio, measuring.id, seconds=PATIENCE)
    split.choose(studio, brought.id, SplitChoices(held_out=0.4))
    return brought.id


def _trained(studio: Studio, dataset: str) -> str:
    """A short run that has finished."""
    run = train.start(studio, dataset, STARTER, RECIPE, key="the trained run")
    train.wait(studio, run.job.id, seconds=PATIENCE)
    return run.id


def _copy(source: Workspace, to: Path, *without: str) -> Path:
    """A copy of a workspace, without whoever works in the first one."""
    passing = shutil.ignore_patterns("studio.db*", "supervisor.*", *without)
    shutil.copytree(source.root, to, ignore=passing)
    with closing(sqlite3.connect(source.database)) as whole, closing(sqlite3.connect(Workspace(to).database)) as copy:
        whole.backup(copy)
    return to


@pytest.fixture(scope="session")
def working(tmp_path_factory: pytest.TempPathFactory, prepared: Prepared, bearing: Launcher) -> Iterator[Studio]:
    """A studio that carries out its jobs."""
    copy = _copy(prepared.workspace, tmp_path_factory.mktemp("flows") / "workspace")
    with carrying_out(copy, bearing) as studio:
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
def dataset(working: Studio, prepared: Prepared) -> Dataset:
    """The file once it has been read, measured for the starter, and dealt with a large share held out."""
    return bring.ready(working, prepared.dataset)


@pytest.fixture(scope="session")
def trained(working: Studio, prepared: Prepared) -> Run:
    """A short run that has finished."""
    return train.run(working, prepared.run)


@pytest.fixture
def quiet(prepared: Prepared, tmp_path: Path) -> Iterator[Studio]:
    """A copy of the workspace with the trained run, in which jobs wait for the test to carry them out."""
    studio = open_studio(_copy(prepared.workspace, tmp_path / "quiet", "jobs"))
    yield studio
    studio.store.close()


@pytest.fixture
def copied(quiet: Studio, bearing: Launcher) -> Iterator[Studio]:
    """The copy, in which jobs are carried out."""
    with supervised(quiet.store, bearing):
        yield quiet


@pytest.fixture
def write_answers() -> Callable[..., None]:
    """Answer as a worker would: what each contestant says to a prompt, and the job is done.

    A contestant's answers may be told by name, each as what it says to the prompt of a row ("base 12" and so on).
    """

    def write(studio: Studio, study: Study, **told: Callable[[int], str]) -> None:
        claimed = jobs.claim(studio.store, kinds=[JobKind.GENERATE])
        assert claimed is not None and claimed[0].id == study.job.id
        rows = {ask.key: ask.row_number for ask in studies.asks(studio.store, study.id)}
        lines = []
        for ask in map(json.loads, Path(claimed[1]["asks"]).read_bytes().splitlines()):
            says = told.get(ask["contestant"], f"{ask['contestant']} {{}}".format)
            who = {"model": STARTER, "adapter_sha256": claimed[1]["adapter_sha256"], "adapter_on": ask["tuned"]}
            named = {name: ask[name] for name in ("key", "set", "contestant")}
            lines.append(named | {"text": says(rows[ask["key"]]), "tokens": 3, "cut": False, "identity": who})
        written = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        Path(claimed[1]["out"]).write_text(written, encoding="utf-8")
        assert jobs.move(studio.store, study.job.id, attempt=1, to=JobState.DONE, message="Written.")

    return write


@pytest.fixture
def opened(quiet: Studio, trained: Run, write_answers: Callable[..., None]) -> Callable[..., Study]:
    """A study in the quiet workspace that people may rate; `base`, `tuned` and so on tell what they answer."""

    def make(*, key: str = "study", prompts: int = 10, question: str = "Which is better?", **more: Any) -> Study:
        answers = {who: more.pop(who) for who in ("tuned", *Rival) if who in more}
        made = compare.create(quiet, trained.id, prompts=prompts, question=question, key=key, **more)
        write_answers(quiet, made, **answers)
        return compare.study(quiet, made.id)

    return make


@pytest.fixture
def judge_all(quiet: Studio) -> Callable[..., None]:
    """One rater says the same of every card that is left, or what `choose` makes of the card as it was dealt."""

    def run(study: Study, choose: Choice | Callable[[Dealt], Choice], *, rater: str = "ann") -> None:
        token = judge.named(quiet, study.id, rater).token
        held = [card.id for card in judge.remaining_cards(quiet, token)]
        dealt = {card.id: card for card in cards.dealt(quiet.store, study.id)}
        votes = [Vote(card, choose(dealt[card]) if callable(choose) else choose) for card in held]
        judge.rate_all(quiet, token, votes)

    return run


def for_tuned(card: Dealt) -> Choice:
    """The side on which the fine-tuned answer is shown."""
    return Choice(card.side.value)


def for_base(card: Dealt) -> Choice:
    return Choice(card.side.other.value)


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

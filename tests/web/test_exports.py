"""Whatever the studio hands out as a table is safe to open in a spreadsheet; as JSONL it is to the letter what was written."""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from click import Context
from starlette.testclient import TestClient
from typer.main import get_command

from studio.cli.later import Later
from studio.cli.main import app
from studio.domain.access import Mode, Role
from studio.domain.dataset import Dataset
from studio.domain.job import JobKind, JobState
from studio.domain.split import Bin, SplitChoices
from studio.domain.study import Choice, Study
from studio.flows import bring, compare, judge, leakage, mend, people, split
from studio.flows.judge import Vote
from studio.flows.studio import Studio, open_studio
from studio.store import jobs, studies
from studio.web.app import build_app
from studio.worker import carry_out
from tests.command_line import InThisProcess
from tests.judged import Listener
from tests.signed_in import cookie
from tests.store.examples import Examples, written
from tests.web.test_access import listed

SIGNS = ("=", "+", "-", "@", "\t", "\r")
ROWS, PROMPTS = 60, 12
# Every address by which something is handed out, and whether it is a table; a new one belongs here as well.
IS_TABLE = {
    "/download/bin/{dataset_id}/{bin}": True, "/download/reading/{dataset_id}.{kind}": True,
    "/download/votes/{study_id}.{kind}": True, "/team/log.csv": True, "/download/chat/{talk}.{kind}": False,
    "/download/refused/{dataset_id}": False, "/download/release/{release_id}": False,
    "/download/report/{study_id}.{kind}": False, "/download/script/{run_id}": False,
    "/download/tensorboard/{run_id}": False,
}  # fmt: skip
BINS = {
    Bin.TRAIN: "train", Bin.VALIDATION: "validation", Bin.TEST: "test", Bin.DUPLICATE: "duplicate",
    Bin.REMOVED: "removed", Bin.MALFORMED: "malformed",
}  # fmt: skip


def formula(number: int, what: str) -> str:
    return f"{SIGNS[number % len(SIGNS)]}{what}({number})"


@dataclass(frozen=True, slots=True)
class Full:
    """A workspace in which every text that somebody can give is a formula."""

    studio: Studio
    dataset: Dataset
    study: Study
    client: TestClient

    def csv(self, address: str) -> list[dict[str, str]]:
        answer = self.client.get(address)
        assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/csv"), answer.text
        return table(answer.content)

    def jsonl(self, address: str) -> list[dict[str, Any]]:
        answer = self.client.get(address)
        assert answer.status_code == 200, answer.text
        return lines(answer.content)


def table(whole: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(whole.decode("utf-8-sig"), newline="")))


def lines(whole: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in whole.splitlines()]


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Full]:
    folder = tmp_path_factory.mktemp("exports")
    studio = open_studio(folder / "workspace")
    dataset = brought(studio, folder / "formulas.jsonl")
    study = closed(studio, dataset)
    for sign in "=+-@":
        people.add(studio, f"{sign}Ida", Role.VIEWER, mode=Mode.PROXY)
    with TestClient(build_app(studio), base_url="http://127.0.0.1:7860") as client:
        known = cookie(studio, 7860)
        client.cookies.set(known["name"], known["value"])
        yield Full(studio, dataset, study, client)
    studio.store.close()


def brought(studio: Studio, path: Path) -> Dataset:
    """The rows, dealt and checked; some are copies, some left out, some no rows."""
    rows = [{"prompt": formula(n, f"Question {n}"), "completion": formula(n, "Answer")} for n in range(ROWS)]
    rows += rows[:6]
    refused = [formula(number, "nonsense") for number in range(4)]  # what begins with a blank is no line of its own
    path.write_bytes("\n".join([*map(json.dumps, rows), *refused]).encode())
    made = bring.bring_file(studio, path)
    carry_on(studio)
    made = mend.drop(studio, made.id, range(10, 16), why=formula(0, "because"))
    split.choose(studio, made.id, SplitChoices(held_out=0.6))
    leakage.look(studio, made.id)
    carry_on(studio)
    return bring.ready(studio, made.id)


def carry_on(studio: Studio) -> None:
    """Carry out whatever waits, in this process."""
    while claimed := jobs.claim(studio.store, kinds=[JobKind.INGEST, JobKind.CHECK_SPLIT]):
        job, spec = claimed
        outcome = carry_out(spec, Listener())
        assert jobs.move(
            studio.store, job.id, attempt=job.attempt, to=JobState(outcome.state), result=outcome.result
        ), outcome


def closed(studio: Studio, dataset: Dataset) -> Study:
    """Judged by somebody who is called a formula and writes some; which opens the seal of the test rows."""
    examples = Examples(studio.store)
    run = examples.run(split=split.current(studio, dataset.id), name=formula(0, "run"))
    study = examples.study(run=run, prompts=PROMPTS)
    answers = [replace(answer, text=formula(n, answer.text)) for n, answer in enumerate(written(study))]
    studies.set_answers(studio.store, study.id, answers)
    for number, card in enumerate(judge.remaining_cards(studio, token := judge.named(studio, study.id, "=Ann").token)):
        judge.rate_all(studio, token, [Vote(card.id, Choice.LEFT, 9.0, formula(number, "comment"))])
    return compare.close(studio, study.id)


def exact(written: Iterable[Any]) -> list[str]:
    """What a table shows of these values: as they are, with an apostrophe before what would be run."""
    return [
        f"'{each}" if isinstance(each, str) and each.startswith(SIGNS) else "" if each is None else str(each)
        for each in written
    ]


def assert_same(shown: list[dict[str, str]], told: list[dict[str, Any]], *names: str) -> None:
    """Both tell the same of every line, and the table nothing that a spreadsheet runs."""
    assert len(shown) == len(told) > 0
    for row, line in zip(shown, told, strict=True):
        plain = {name: value for name, value in line.items() if not isinstance(value, dict | list)}
        assert [row[name] for name in plain] == exact(plain.values())
        assert not [cell for cell in row.values() if cell.startswith(SIGNS)]
    for name in names:
        assert any(row[name].startswith("'") for row in shown), f"no {name} was a formula, so nothing was shown"


@pytest.mark.parametrize("bin", BINS, ids=str)
def test_the_lines_of_every_bin(full: Full, bin: Bin):
    address = f"/download/bin/{full.dataset.id}/{bin}?kind="
    told = full.jsonl(f"{address}jsonl")
    if bin is Bin.MALFORMED:
        assert [line["text"] for line in told] == [formula(number, "nonsense") for number in range(4)]
        return assert_same(full.csv(f"{address}csv"), told, "text")
    wrote = [
        (formula(n % ROWS, f"Question {n % ROWS}"), formula(n % ROWS, "Answer")) for n in (line["row"] for line in told)
    ]
    assert [(line["question"], line["answer"]) for line in told] == wrote
    return assert_same(full.csv(f"{address}csv"), told, "question", "answer")


def test_the_reading_list(full: Full):
    address = f"/download/reading/{full.dataset.id}."
    told = full.jsonl(f"{address}jsonl")
    assert_same(full.csv(f"{address}csv"), told, "question", "answer", "training_question", "training_answer")


def test_the_votes_by_address_and_by_command(full: Full, tmp_path: Path):
    address = f"/download/votes/{full.study.id}."
    told, shown = full.jsonl(f"{address}jsonl"), full.csv(f"{address}csv")
    assert {line["comment"] for line in told} == {formula(n, "comment").strip() for n in range(PROMPTS)}
    assert_same(shown, told, "rater", "comment", "tuned_answer", "opponent_answer")
    asked = InThisProcess(full.studio.workspace.root)
    for kind, read in ((".csv", table), (".jsonl", lines)):
        asked.json("study", "votes", full.study.id, "--to", tmp_path / f"votes{kind}")
        assert read((tmp_path / f"votes{kind}").read_bytes()) == (shown if kind == ".csv" else told)


def test_the_log_by_address_and_by_command(full: Full):
    shown = full.csv("/team/log.csv")
    about = [row["about"] for row in shown]
    assert {f"'{sign}Ida" for sign in "=+-@"} <= set(about)
    assert not [cell for row in shown for cell in row.values() if cell.startswith(SIGNS)]
    said = InThisProcess(full.studio.workspace.root)("audit", "--csv")
    assert table(said.words.encode())[: len(shown)] == shown


def test_no_address_hands_out_a_table_that_is_not_tried_here():
    found = [address.removeprefix("GET ") for address in listed("addresses.txt")]
    assert {path for path in found if path.startswith("/download/") or ".csv" in path} == IS_TABLE.keys()


def test_no_command_writes_a_table_that_is_not_tried_here():
    assert set(tables_of(get_command(app))) == {"study votes", "audit", "import"}  # of which the last one reads them


def tables_of(command: Any, *path: str) -> Iterator[str]:
    """The verbs that speak of tables."""
    command = command.command() if isinstance(command, Later) else command
    context = Context(command)
    for name in command.list_commands(context) if hasattr(command, "list_commands") else ():
        yield from tables_of(command.get_command(context, name), *path, name)
    said = " ".join(f"{option.name} {getattr(option, 'help', '')}" for option in command.params).lower()
    if any(word in said for word in ("csv", "tsv", "xlsx", "spreadsheet")):
        yield " ".join(path)


def test_nothing_is_found_where_there_is_nothing(full: Full):
    assert full.client.get(f"/download/bin/{full.dataset.id}/train?kind=xlsx").status_code == 404

"""Hostile models, recipes and votes by every way in: the flow, the command line, and the screens."""

import asyncio
import re
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from pathlib import Path
from typing import Any, TypeVar

import pytest

from studio.domain.errors import StudioError
from studio.engine import load
from studio.flows import choose, judge, models
from tests.command_line import Answer, CommandLine
from tests.data.hostile.case import Verdict
from tests.hostile import models as folders
from tests.hostile import recipes, votes
from tests.hostile.case import Case
from tests.hostile.screens import Screens
from tests.web.conftest import Kept

T = TypeVar("T")
LONGEST_SAID = 1000


def by_case(cases: tuple[Case[Any], ...]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", cases, ids=[case.id for case in cases])


def holds(case: Case[Any], words: str) -> None:
    """What was answered ("" where nothing stood in the way) is what the case has to end in."""
    if case.verdict is Verdict.ACCEPT:
        assert not words
    else:
        assert re.search(case.says, words), words
        assert len(words) <= LONGEST_SAID and "Traceback" not in words


def refusal(error: StudioError) -> str:
    assert error.fix
    return error.message


def told(answer: Answer) -> str:
    """What the command line refused, in JSON; nothing else is on its output."""
    assert "Traceback" not in answer.complaint
    if answer.status == 0:
        return ""
    said = answer.values["error"]
    assert answer.status == 1 and said["fix"]
    return said["message"]


def at_once(work: Coroutine[Any, Any, T]) -> T:
    """What the coroutine comes to; in a thread of its own, since a browser's driver may run a loop in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(copy_context().run, asyncio.run, work).result()


def press(page: Screens, handler: str, *values: Any) -> str:
    return at_once(page.press(page.named(handler), list(values))).words


# Models


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return folders.whole_model(tmp_path / "snapshots" / "small-model")  # as a hub's cache has it


@by_case(folders.CASES)
def test_a_hostile_model_folder(case: Case[Any], folder: Path, kept: Kept, command_line: CommandLine, pages) -> None:
    case.made(folder)

    try:
        words = models.add_model(kept.studio, str(folder)) and ""
    except StudioError as error:
        words = refusal(error)
    holds(case, words)
    holds(case, told(command_line("models", "add", folder, "--json")))
    holds(case, press(pages[""], "studio.ui.models.panel:bring", str(folder), ""))
    try:
        load.check_model_folder(folder)
    except StudioError as error:
        assert case.verdict is Verdict.REJECT and refusal(error)
    assert not (folder / folders.CANARY).exists(), "a pickle was opened"


# Recipes


@by_case(recipes.CASES)
def test_a_hostile_recipe(case: Case[str], kept: Kept, command_line: CommandLine, pages, monkeypatch) -> None:
    path = kept.studio.workspace.uploads / "recipe.yaml"
    path.write_bytes(case.made.encode())

    try:
        words = choose.recipe_from_file(path) and ""
    except StudioError as error:
        words = refusal(error)
    holds(case, words)
    holds(case, told(command_line("plan", kept.dataset.id, "--recipe", path, "--json")))
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(kept.studio.workspace.uploads))
    sent = {"path": str(path), "meta": {"_type": "gradio.FileData"}}
    holds(case, press(pages[""], "studio.ui.training.papers:load_recipe", kept.dataset.id, "starter", sent))


# Votes


@by_case(votes.CASES)
def test_hostile_votes(case: Case[str], tmp_path: Path, kept: Kept, command_line: CommandLine) -> None:
    token = judge.named(kept.studio, kept.open.id, "Vera").token
    card = judge.next_card(kept.studio, token)
    assert card is not None
    before = judge.turn(kept.studio, token).rated
    path = tmp_path / "votes.jsonl"
    path.write_bytes(case.made.replace("CARD", card.id).encode("utf-8", "surrogateescape"))

    holds(case, told(command_line("rate", kept.open.id, "--votes", path, "--rater", "Vera", "--json")))
    after = judge.turn(kept.studio, token)
    assert after.rated - before == (case.verdict is Verdict.ACCEPT)
    if case.verdict is Verdict.ACCEPT:
        judge.undo(kept.studio, token)

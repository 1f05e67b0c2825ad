"""The whole journey in a terminal: from a sample to a verdict and an adapter, every step answering in JSON.

What brings in, starts, waits and delivers is a process of its own each time; what only asks is quicker in this one.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from studio.store.workspace import Workspace
from tests.command_line import CommandLine, InThisProcess
from tests.supervised import end_supervisor

SHORT = ("--set", "epochs=0.6", "--set", "evaluations=1")
PROMPTS = 24


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[CommandLine]:
    yield CommandLine(tmp_path / "workspaces")
    end_supervisor(Workspace(tmp_path / "workspaces"))


def better(card: dict[str, Any]) -> str:
    """What somebody who wants three labelled lines says of a card."""
    left, right = (card[side].strip().count("\n") == 2 and "category:" in card[side] for side in ("left", "right"))
    if left == right:
        return "tie" if left else "both_bad"
    return "left" if left else "right"


@pytest.mark.slow
def test_from_a_sample_to_a_verdict_and_an_adapter(studio: CommandLine, tmp_path: Path):
    asked = InThisProcess(studio.workspaces)
    starter = next(model for model in studio.json("models") if model["starter"])
    assert starter["usable"]

    imported = studio.json("import", "triage")
    dataset = imported["dataset"]
    assert (imported["rows"], imported["rejects"], imported["lines"]) == (450, 0, 450)

    inspected = asked.json("inspect", dataset, "--model", starter["id"])
    assert all({"kind", "count", "groups"} <= finding.keys() for finding in inspected["findings"])
    assert inspected["lengths"]["stop_token_trained"]

    dealt = asked.json("split", dataset)
    assert sum(dealt["counts"].values()) == dealt["lines"] == 450

    planned = asked.json("plan", dataset, "--model", starter["id"], *SHORT)
    assert planned["plan"]["train_rows"] == dealt["counts"]["train"]
    assert planned["recipe"]["epochs"] == 0.6

    trained = studio.json("train", dataset, "--model", starter["id"], *SHORT, "--wait")
    run = trained["run"]
    assert (trained["state"], trained["progress"]["step"]) == ("done", planned["plan"]["steps"])
    assert [known["run"] for known in asked.json("runs")] == [run]
    assert asked.json("runs", run)["recipe"] == planned["recipe"]

    created = studio.json("study", "create", run, "--prompts", str(PROMPTS), "--longest", "120")
    study = created["study"]
    assert (created["state"], created["prompts"]) == ("open", PROMPTS)
    shown = asked.json("study", "show", study)
    assert (shown["opening"], shown["bar"], shown["opponents"]) == (1, 40, ["base"])
    assert shown["frozen"]["sampling"]["max_new_tokens"] == 120
    both_sides_alike, twice = shown["frozen"]["identical"], shown["frozen"]["twice"]
    assert (both_sides_alike, twice) == (4, 0.25)  # as on the screen
    asked_of = PROMPTS + both_sides_alike
    assert shown["protocol"] == created["protocol"] and len(shown["frozen"]["prompts"]) == asked_of
    too_early = asked("verdict", study, "--json")
    assert (too_early.status, too_early.values["error"]["code"]) == (1, "study")

    cards = asked.json("study", "answers", study)["cards"]
    assert len(cards) == asked_of and "tuned" not in json.dumps(cards)
    votes = tmp_path / "votes.jsonl"
    votes.write_text("".join(json.dumps({"card": card["id"], "choice": better(card)}) + "\n" for card in cards))
    rated = asked.json("rate", study, "--votes", votes)
    assert (rated["handed_in"], rated["rated"], rated["total"]) == (asked_of, asked_of, asked_of)

    assert asked.json("study", "close", study)["state"] == "closed"
    decided = asked.json("verdict", study, "--report", tmp_path / "verdict.html")
    assert decided["decision"] == "ship", decided["sentence"]
    assert decided["contests"][0]["tally"]["tuned"] > 20 > decided["contests"][0]["tally"]["base"]
    assert decided["headline"] in (tmp_path / "verdict.html").read_text()

    exported = studio.json("export", run, "--to", tmp_path / "adapter")
    assert sorted(path.name for path in (tmp_path / "adapter").iterdir()) == exported["files"]

    done = [(line["who"], line["act"]) for line in reversed(asked.json("audit"))]
    assert {who for who, _ in done} == {"the command line"}
    acts = ["brought a sample", "split a dataset", "started a run", "made a comparison", "handed in judgements"]
    assert [act for _, act in done] == [*acts, "closed a comparison", "made a delivery"]
    assert run in asked.json("audit", "started")[0]["about"]

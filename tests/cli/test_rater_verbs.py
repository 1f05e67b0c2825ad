"""Raters from the command line: invited by name, listed with how far they are, taken back."""

import json
from pathlib import Path

import pytest

from studio.domain.study import Study
from studio.flows.studio import open_studio
from studio.store import cards
from tests.command_line import InThisProcess
from tests.store.examples import Examples


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "workspaces"


@pytest.fixture
def study(place: Path) -> Study:
    studio = open_studio(place)
    made = Examples(studio.store).open_study(prompts=3)
    studio.store.close()
    return made


def test_raters_are_invited_listed_and_taken_back_and_what_they_judged_stays(place: Path, study: Study, tmp_path: Path):
    line, votes = InThisProcess(place), tmp_path / "votes.jsonl"
    ann = line.json("study", "invite", study.id, "--name", "Ann")
    assert ann["name"] == "Ann" and ann["address"].startswith("/rate/?t=")
    card = line.json("study", "answers", study.id, "--rater", "Ann")["cards"][0]
    votes.write_text(json.dumps({"card": card["id"], "choice": "left", "marks": {"left": {"tone": 5}}}))
    line.json("rate", study.id, "--votes", votes, "--rater", "Ann")
    listed = {each["link"]: each for each in line.json("study", "raters", study.id)["raters"]}
    assert (listed[ann["link"]]["judged"], listed[ann["link"]]["revoked"]) == (1, False)
    assert {each["kind"] for each in listed.values()} == {"invitation", "rater"}
    assert "1 judged" in line("study", "raters", study.id).words

    assert line.json("study", "revoke", study.id, ann["address"])["link"] == ann["link"]
    assert "taken back" in line("study", "raters", study.id).words
    refused = line("study", "revoke", study.id, "Ann", "--json")
    assert refused.status == 1 and "no such link" in refused.words
    assert line.json("study", "invite", study.id)["kind"] == "invitation"

    studio = open_studio(place)
    (kept,) = cards.ratings(studio.store, study.id)
    assert kept.marks == {"left": {"tone": 5}}
    studio.store.close()

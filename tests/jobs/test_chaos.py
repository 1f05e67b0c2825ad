"""A short spell of chaos; `make chaos` has longer ones."""

import random
from pathlib import Path

import pytest

from studio.store.database import open_store
from studio.store.workspace import Workspace
from tests.jobs.chaos import Chaos, two_hosts
from tests.small_disk import mounted


def test_one_machine_holds_through_a_spell_of_chaos(tmp_path: Path):
    with mounted(tmp_path / "disk", size="12m") as disk:
        store = open_store(Workspace(disk / "workspace"))
        with two_hosts(store, None, tmp_path) as hosts:
            hold_through(Chaos(store, hosts, random.Random(4), is_small=True), faults=12)


def test_two_hosts_hold_through_a_spell_of_chaos(tmp_path: Path, request: pytest.FixtureRequest):
    url = request.getfixturevalue("new_database")(template=request.getfixturevalue("migrated"))
    store = open_store(Workspace(tmp_path / "workspace"), url=url)
    with two_hosts(store, url, tmp_path) as hosts:
        hold_through(Chaos(store, hosts, random.Random(9)), faults=10)


def hold_through(chaos: Chaos, *, faults: int) -> None:
    chaos.rage(until=lambda done: done >= faults)
    chaos.calm()
    chaos.check()
    chaos.store.close()

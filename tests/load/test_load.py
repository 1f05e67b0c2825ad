"""The tool that measures load presses what is there, and tells a leak from noise."""

import random
import re
from pathlib import Path

import numpy as np
import pytest

from tests.load.chatter import chatter
from tests.load.pages import by_handler, events_of
from tests.load.soak import slope_of
from tests.load.target import at_least, at_most, table
from tests.load.visitor import Tally


def test_every_event_that_a_visitor_presses_is_on_the_pages(tmp_path: Path):
    events = events_of(tmp_path / "workspace")
    pressed = set()
    for path in Path(__file__).parent.glob("*.py"):
        pressed |= set(re.findall(r'\.event\("([^"]+)"(?:, "([^"]+)")?(?:, path="([^"]+)")?', path.read_text()))
    assert len(pressed) >= 6
    for handler, begun_by, path in pressed - {("stepped", "", "")}:  # its button is told below
        event = by_handler(events[path], handler, begun_by=begun_by)
        assert len(event.payload({})) == len(event.fields)
    for button in ("rate-left", "guess-none"):
        assert by_handler(events["/rate"], "stepped", begun_by=button)
    with pytest.raises(LookupError):
        by_handler(events[""], "nothing of the kind")


def samples(megabytes_an_hour: float, *, noise: float = 3.0) -> list[tuple[float, int]]:
    """Ten minutes of memory, ten a second, that wanders as a real one does."""
    chance, wandered, found = random.Random(1), 0.0, []
    for number in range(6000):
        wandered = 0.98 * wandered + chance.gauss(0, noise / 5)
        found.append((number / 10, int((300 + wandered + megabytes_an_hour * number / 36000) * 1e6)))
    return found


@pytest.mark.parametrize(("leak", "is_told"), [(0.0, False), (600.0, True)])
def test_a_leak_is_told_from_memory_that_only_wanders(leak: float, is_told: bool):
    slope, low, high = slope_of(samples(leak))
    assert low <= slope <= high and low <= leak <= high
    assert (low > 2) is is_told


def test_a_figure_is_judged_against_its_target():
    rows = [at_most("L1", "p95", 1.0, 0.25), at_least("L4", "votes", 150, 40.0, "/s", beside="90 presses/s")]
    told = table(rows).splitlines()
    assert told[2] == "| L1 | p95 | ≤ 1 s | 250 ms | held |"
    assert told[3] == "| L4 | votes | ≥ 150 /s | 40 /s | not held; bare Gradio: 90 presses/s |"


def test_a_tally_knows_its_percentiles_and_its_errors():
    tally = Tally()
    for number in range(100):
        tally.took("press", number / 100)
    tally.errors.append("one")
    assert tally.at(50) == pytest.approx(np.percentile(np.arange(100) / 100, 50))
    assert tally.error_share == pytest.approx(1 / 101)


def test_a_run_that_only_talks_says_exactly_what_it_says_that_it_said():
    said = []

    class Heard:
        def report(self, kind, **data):
            said.append(data["step"])

        def should_stop(self):
            return False

    outcome = chatter({"seconds": 0.2, "rate": 500}, Heard())
    assert said == list(range(1, outcome.result["told"] + 1)) and len(said) > 50

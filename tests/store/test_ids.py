"""Ids sort by age and can be read aloud."""

import re
from datetime import UTC, datetime, timedelta, timezone

from studio.store.ids import new_id


def test_an_id_names_its_kind_and_its_day():
    made = new_id("run", now=datetime(2026, 11, 23, 23, 59, 59, tzinfo=UTC))
    assert re.fullmatch(r"run-20261123-[0-9a-hjkmnp-tv-z]{8}", made)


def test_ids_sort_in_the_order_in_which_they_were_made():
    began = datetime(2026, 11, 23, 23, 58, 0, tzinfo=UTC)
    made = [new_id("run", now=began + timedelta(seconds=0.1 * n)) for n in range(3000)]
    assert made == sorted(made)


def test_the_day_is_that_of_utc():
    evening_in_lima = datetime(2026, 11, 23, 20, 0, tzinfo=timezone(timedelta(hours=-5)))
    assert new_id("run", now=evening_in_lima).startswith("run-20261124-")


def test_ids_of_one_moment_differ():
    moment = datetime(2026, 11, 23, tzinfo=UTC)
    assert len({new_id("run", now=moment) for _ in range(5)}) == 5

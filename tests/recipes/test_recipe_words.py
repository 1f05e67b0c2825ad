"""Sizes and durations as a person says them."""

import pytest

from studio.recipes.words import duration, gigabytes


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (1, 4, "about 5 seconds"),
        (16, 31, "about 15 to 30 seconds"),
        (45, 101, "about 45 to 100 seconds"),
        (100, 200, "about 2 to 3 minutes"),
        (170, 190, "about 3 minutes"),
        (3 * 3600, 5.4 * 3600, "about 3 to 5.5 hours"),
        (86_400, 3 * 86_400, "about 1 to 3 days"),
    ],
)
def test_a_range_of_seconds_is_said_in_the_unit_that_fits(low, high, words):
    assert duration(low, high) == words


def test_gigabytes_have_one_digit_below_a_hundred():
    assert [gigabytes(count) for count in (850e6, 9.94e9, 9.96e9, 21.7e9, 141.2e9)] == [
        "0.8 GB", "9.9 GB", "10 GB", "21.7 GB", "141 GB",
    ]  # fmt: skip

"""HTML: numbers as people say them, and pieces that anyone can read."""

import pytest

from studio.domain.reading import Reading, Tone
from studio.ui.parts import html
from tests.ui.markup import attributes, tags, words


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min 0 s"),
        (125, "2 min 5 s"),
        (3599.7, "1 h 0 min"),
        (4320, "1 h 12 min"),
        (90_000, "25 h 0 min"),
    ],
)
def test_seconds_are_told_as_people_say_them(seconds: float, said: str) -> None:
    assert html.duration(seconds) == said


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (40, 90, "40–90 s"),
        (34.7, 77, "35–75 s"),
        (1, 4, "5 s"),
        (30, 130, "1–2 min"),
        (120, 240, "2–4 min"),
        (5400, 10_800, "1.5–3.0 h"),
    ],
)
def test_an_estimate_is_a_range_in_one_unit(low: float, high: float, said: str) -> None:
    assert html.duration_range(low, high) == said


@pytest.mark.parametrize(
    ("amount", "said"),
    [(0, "0 B"), (999, "999 B"), (52_000, "52 kB"), (4_250_000, "4.2 MB"), (8e9, "8.0 GB"), (2.5e12, "2.5 TB")],
)
def test_bytes_are_told_in_decimal_units(amount: float, said: str) -> None:
    assert html.size(amount) == said


def test_a_number_agrees_with_its_noun() -> None:
    assert html.count(1, "row") == "1 row"
    assert html.count(0, "row") == "0 rows"
    assert html.count(1234, "row is", "rows are") == "1,234 rows are"


def test_a_model_is_as_big_as_its_name_says() -> None:
    assert html.parameters(5_900_000) == "5.9 M"
    assert html.parameters(8_190_000_000) == "8.2 B"


@pytest.mark.parametrize(("share", "shown"), [(-0.5, "0"), (0.256, "26"), (7, "100")])
def test_a_bar_stays_within_its_bounds_and_says_its_share_aloud(share: float, shown: str) -> None:
    drawn = html.bar(share, "Reading", "52 kB")
    assert attributes(drawn, "aria-valuenow") == [shown]
    assert attributes(drawn, "aria-label") == ["Reading"]
    assert words(drawn) == "Reading 52 kB"


def test_no_tone_is_told_by_colour_alone() -> None:
    first_words = {words(html.reading(Reading(tone, "So.", ""))).split()[0] for tone in Tone}
    assert len(first_words) == len(Tone)


def test_a_table_may_be_empty_and_its_headings_name_their_columns() -> None:
    drawn = html.table(["File", "Size"], [])
    assert words(drawn) == "File Size"
    assert attributes(drawn, "scope") == ["col", "col"]


def test_the_last_row_of_a_table_can_be_its_sum() -> None:
    number = html.Cell("3", number=True)
    drawn = html.table(["Where", "Lines"], [["Training", number], ["All", number]], total_last=True)
    assert attributes(drawn, "class").count("total") == 1
    assert tags(drawn).count("tr") == 3

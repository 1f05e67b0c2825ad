"""docs/hostile.md tells of every case, and every number of the lists has one."""

from tests.hostile import listing


def test_every_number_of_the_lists_has_a_case_or_a_test_elsewhere() -> None:
    numbers = listing.numbers()
    assert {f"E{n}" for n in range(1, 136)} <= numbers
    assert {f"D{n}" for n in range(1, 40)} <= numbers


def test_the_page_lists_the_cases_as_they_are() -> None:
    assert f"{listing.BEGIN}{listing.table()}{listing.END}" in listing.PAGE.read_text(), (
        "write them anew: python -m tests.hostile.listing"
    )


def test_what_is_held_elsewhere_is_there() -> None:
    for _, _, test in listing.ELSEWHERE.values():
        path, name = test.split("::")
        assert f"def {name}(" in (listing.ROOT / path).read_text(), test

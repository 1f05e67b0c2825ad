"""Accuracy: the bench that publishes how often the checks are right still runs, and what it promises still holds."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.accuracy.leakage import AT_RANDOM, DEALT
from bench.accuracy.measuring import Measured, measure, missed
from bench.accuracy.page import page
from bench.accuracy.text import banks
from studio.domain.finding import FindingKind

DOCUMENT = Path(__file__).parents[2] / "docs" / "accuracy.md"
SURE = (  # findings that are told by shape or by the habit of a file, not by a list of sentences
    FindingKind.SECRET, FindingKind.CUT_SHORT, FindingKind.ONE_WORD, FindingKind.FORMAT, FindingKind.LABELS,
    FindingKind.LANGUAGE, FindingKind.SPACES, FindingKind.EMPTY, FindingKind.REPEATS,
)  # fmt: skip


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Measured]:
    """The held-out generator at a small scale; it writes the same rows every time."""
    yield measure("held_out", rows=4000, folder=tmp_path_factory.mktemp("accuracy"))


def test_near_copies_are_found_as_the_page_promises(measured: Measured) -> None:
    assert missed(measured) == []
    assert measured.copies.recall["near"].value >= 0.98
    assert measured.copies.precision["near"].value >= 0.97


def test_a_random_deal_leaks_and_ours_does_not(measured: Measured) -> None:
    at_random, dealt = measured.leakage[AT_RANDOM].outside, measured.leakage[DEALT].outside

    assert at_random.value > 0.2
    assert dealt.hits <= 1


def test_pairs_that_differ_in_a_number_or_a_sign_are_no_copies(measured: Measured) -> None:
    assert {kind: share.hits for kind, share in measured.copies.twins.items() if share.hits} == {}


@pytest.mark.parametrize("kind", SURE)
def test_what_has_a_shape_of_its_own_is_found_and_hardly_mistaken(measured: Measured, kind: FindingKind) -> None:
    scores = measured.cases.kinds[kind]

    assert scores.recall.value >= 0.85
    assert scores.precision.value >= 0.95


def test_what_masking_leaves_of_personal_data_is_counted_as_well(measured: Measured) -> None:
    scores = measured.cases.kinds[FindingKind.PERSONAL]
    masked = sum(count.found for count in scores.masked.values())

    assert scores.recall.value >= 0.85
    assert masked >= 0.95 * scores.recall.hits


def test_a_helpful_answer_is_seldom_taken_for_a_refusal(measured: Measured) -> None:
    scores = measured.cases.kinds[FindingKind.REFUSAL]

    assert scores.precision.value >= 0.9
    assert scores.mistakes.value <= 0.05


def test_every_finding_has_a_line_on_the_page(measured: Measured) -> None:
    written = page(measured)

    assert [
        name for name in ("secrets", "personal data", "refusals", "near copies") if f"| {name}" not in written
    ] == []
    assert "None" not in written and "nan" not in written


def test_the_page_in_the_documents_is_of_the_held_out_generator_at_full_size() -> None:
    said = re.search(r"([\d,]+) rows\s+with copies .*held-out\s+generator", DOCUMENT.read_text(), re.DOTALL)

    assert said is not None and int(said[1].replace(",", "")) > 99_000


def test_the_generators_share_no_sentence() -> None:
    tuning, held_out = banks("tuning"), banks("held_out")

    def sentences(bank: str, world: dict) -> set[str]:
        sections = world[bank].sections
        return {line for name in ("ask", "say", "refusal", "no refusal", "self", "no self") for line in sections[name]}

    shared = {bank: sentences(bank, tuning) & sentences(bank, held_out) for bank in tuning if len(bank) == 2}
    assert {bank: lines for bank, lines in shared.items() if lines} == {}
    assert tuning.keys() == held_out.keys()

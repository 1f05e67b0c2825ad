"""Hostile: every upload known to break a reader, through the real worker within its limits.

Each ends in words with true places, keeps its good rows, and takes no more memory than it may.
"""

from collections.abc import Callable

import pytest

from tests.data.hostile.case import Case, Verdict
from tests.data.hostile.listed import CASES
from tests.data.hostile.names import NAMES
from tests.data.hostile.reading import AS_IT_IS, REPAIRED, Read, Reader

pytestmark = pytest.mark.timeout(900)  # the first test waits until the worker has read them all

by_case = pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    return Reader(tmp_path_factory.mktemp("hostile"))


@pytest.fixture(scope="module")
def read(request: pytest.FixtureRequest, reader: Reader) -> Callable[..., Read]:
    """What became of a case; all that were asked for are read the first time."""
    asked = [item.callspec.params.get("case") for item in request.session.items if hasattr(item, "callspec")]
    found = reader.read({case.id: case for case in asked if isinstance(case, Case)}.values())
    return lambda case, how=AS_IT_IS: found[case.id, how]


@by_case
def test_a_hostile_file_ends_in_words_and_keeps_its_good_rows(case: Case, read: Callable[..., Read]) -> None:
    found = read(case)

    assert found.outcome.state == ("failed" if case.message else "done"), found.outcome.message
    assert found.outcome.message.startswith(case.message) and found.outcome.message.endswith((".", "?"))
    assert found.good == list(case.good)
    assert case.told in " ".join(found.notes)
    assert case.extra is None or found.rows.extra(len(case.good) - 1) == case.extra
    assert found.outcome.fix or not case.message
    assert found.megabytes <= case.megabytes


@by_case
def test_refused_lines_have_their_true_place_a_reason_and_a_next_step(case: Case, read: Callable[..., Read]) -> None:
    found = read(case)
    if case.message and not case.refused:
        return  # the file as a whole was refused, in the sentence above

    assert [(reject.line, reject.column) for reject in found.rejects] == [
        (place.line, place.column) for place in case.refused
    ]
    for reject, place in zip(found.rejects, case.refused, strict=True):
        assert reject.reason.startswith(place.reason) and reject.fix


@by_case
def test_what_can_be_repaired_is_offered_and_then_read(case: Case, read: Callable[..., Read]) -> None:
    offered = {offer["kind"]: offer["count"] for offer in read(case).outcome.result.get("repairs", [])}
    assert offered == case.repairs
    if case.mended:
        repaired = read(case, REPAIRED)
        assert (repaired.good, repaired.outcome.result["repaired"]) == (list(case.mended), case.repairs)


@by_case
def test_the_verdict_is_what_happens(case: Case, read: Callable[..., Read]) -> None:
    found = read(case)
    is_refused = bool(found.rejects) or found.outcome.state == "failed"
    match case.verdict:
        case Verdict.ACCEPT:
            assert not is_refused
        case Verdict.REPAIR:
            assert case.told or case.repairs
        case Verdict.REJECT:
            assert is_refused


def test_no_hostile_file_leaves_a_traceback_in_the_log(read: Callable[..., Read], reader: Reader) -> None:
    assert "Traceback" not in reader.log


def test_every_number_of_the_lists_has_a_case() -> None:
    numbers = {case.number for case in CASES} | {name.number for name in NAMES}

    assert numbers == {f"D{n}" for n in range(1, 40)} | {f"E{n}" for n in range(1, 75)}
    assert len({case.id for case in CASES}) == len(CASES)

"""Hostile: every upload known to break a reader, through the real worker within its limits.

Each ends in words with true places, keeps its good rows, and takes no more memory than it may.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from starlette.testclient import TestClient

from studio.flows import deleted
from studio.flows.studio import Studio, open_studio
from tests.data.hostile.case import Case, Verdict
from tests.data.hostile.listed import CASES
from tests.data.hostile.names import NAMES, Name
from tests.data.hostile.reading import AS_IT_IS, REPAIRED, Read, Reader
from tests.data.hostile.ways import Ways, served
from tests.hostile.screens import APOLOGY
from tests.ui.markup import attribute_names, tags, words

TOLD = 20  # refused lines on a terminal, at most
LARGE = frozenset("D2 D33 E16 E17 E40 E50 E69".split())  # many megabytes: `make load` sends them
NEVER_OURS = frozenset("audio base embed form iframe img input link math meta object script style svg video".split())
pytestmark = pytest.mark.timeout(900)  # the first test waits until the worker has read them all

FIRST_OF_EACH = [case for case in {case.number: case for case in reversed(CASES)}.values() if case.number not in LARGE]
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


# By every way in


@pytest.fixture(scope="module")
def ways(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ways]:
    with closing(open_studio(tmp_path_factory.mktemp("ways") / "workspace").store) as store:
        yield Ways(Studio(store))


@pytest.fixture(scope="module")
def sending(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Ways, TestClient]]:
    """A workspace of its own: whoever brings a file is answered with the names of all that there are."""
    with closing(open_studio(tmp_path_factory.mktemp("sending") / "workspace").store) as store:
        ways = Ways(Studio(store))
        with served(ways.studio) as client:
            yield ways, client


@by_case
def test_the_verb_and_the_screen_say_what_became_of_it(case: Case, read: Callable[..., Read], ways: Ways) -> None:
    found = ways.imports(read(case))
    said = found.values
    if refusal := said.get("error"):
        assert (found.status, case.good) == (1, ())
        assert refusal["message"].startswith(case.message) and refusal["fix"] and APOLOGY not in refusal["message"]
    else:
        assert (found.status, said["rows"], said["rejects"]) == (0, len(case.good), len(case.refused))
        assert {offer["kind"]: offer["count"] for offer in said["repairs"]} == case.repairs
        for reject, place in zip(said["rejected"], case.refused, strict=False):
            assert (reject["line"], reject["column"]) == (place.line, place.column)
            assert reject["reason"].startswith(place.reason) and reject["fix"]
        for place in case.refused[:TOLD]:
            assert f"line {place.line:,}" in found.words and place.reason in found.words
        assert found.words.replace("\n", "").isprintable()
    shows(case, read(case), ways.shows(found.dataset))
    if case.mended:
        mended = ways.imports(read(case, REPAIRED), "--repair", "all").values
        assert (mended["rows"], mended["repaired"]) == (len(case.mended), case.repairs)


def shows(case: Case, found: Read, page: str) -> None:
    """The screen tells what became of the case, and nothing of the file has become a part of the page."""
    assert not NEVER_OURS & set(tags(page)) and not [name for name in attribute_names(page) if name.startswith("on")]
    seen = words(page)
    assert (" ".join(found.outcome.message.split()) if case.message else f"{len(case.good):,}") in seen
    for place in case.refused[:1]:
        assert f"line {place.line:,}" in seen.lower() and place.reason in seen


@pytest.mark.parametrize("case", FIRST_OF_EACH, ids=[case.id for case in FIRST_OF_EACH])
def test_what_a_browser_sends_comes_to_the_same(
    case: Case, read: Callable[..., Read], sending: tuple[Ways, TestClient]
) -> None:
    ways, client = sending
    dataset = ways.sends(client, read(case))

    shows(case, read(case), ways.shows(dataset))
    listed = client.get(f"/download/refused/{dataset}")
    if case.message and not case.refused:
        assert listed.status_code == 404 and "was not refused line by line" in listed.text
    else:
        lines = [json.loads(line) for line in listed.text.splitlines()]
        assert [line["line"] for line in lines] == [place.line for place in case.refused]
    deleted.delete(ways.studio, [dataset])


@pytest.mark.parametrize("case", [next(case for case in CASES if case.good)], ids=["rows"])
@pytest.mark.parametrize("name", NAMES, ids=lambda name: f"{name.number} {ascii(name.written)[:40]}")
def test_a_hostile_name_on_the_command_line_is_shown_harmlessly(
    case: Case, name: Name, read: Callable[..., Read], ways: Ways
) -> None:
    said = ways.imports(read(case), "--name", name.written).values["name"]

    assert said.isprintable() and 0 < len(said) <= 80


def test_no_hostile_file_leaves_a_traceback_in_the_log(read: Callable[..., Read], reader: Reader) -> None:
    assert "Traceback" not in reader.log


def test_every_number_of_the_lists_has_a_case() -> None:
    numbers = {case.number for case in CASES} | {name.number for name in NAMES}

    assert numbers == {f"D{n}" for n in range(1, 40)} | {f"E{n}" for n in range(1, 75)}
    assert len({case.id for case in CASES}) == len(CASES)

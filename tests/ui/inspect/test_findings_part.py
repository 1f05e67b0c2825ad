"""What was found, and which finding is open."""

from typing import Any

import gradio as gr

from studio.domain.finding import Finding, FindingKind, Group
from studio.ui.inspect import findings
from tests.ui import examples
from tests.ui.markup import attributes

COPIES = Finding(FindingKind.EXACT_DUPLICATE, "Exact copies", 1, "They count twice.", (Group((3, 9), (4, 10)),))
CONFLICT = Finding(FindingKind.CONFLICT, "Contradictions", 2, "It cannot learn both.", (Group((5, 6), (6, 7)),))
MALFORMED = Finding(FindingKind.MALFORMED, "1 line", 1, "It is refused.", (Group((), (7,)),))


def view(*found: Finding, picked: str | None = None) -> list[Any]:
    return findings.view(found, examples.dataset(), picked)


def test_what_matters_most_is_open_at_first() -> None:
    page, picked = view(COPIES, CONFLICT)
    assert picked == "conflicting_answers"
    assert attributes(page, "data-kind")[0] == "conflicting_answers"


def test_what_is_being_looked_at_stays_open() -> None:
    assert view(CONFLICT, COPIES, picked="exact_duplicate")[1] == "exact_duplicate"
    assert view(CONFLICT, picked="exact_duplicate")[1] == "conflicting_answers"


def test_refused_lines_alone_open_nothing() -> None:
    assert view(MALFORMED)[1] is None and view()[1] is None


def test_a_button_that_nobody_drew_does_nothing(empty_studio) -> None:
    for act, wanted in (("treat", "no kind"), ("treat", ""), ("show", "<b>")):
        assert findings.pressed(empty_studio, "data-1", None, act=act, wanted=wanted) == [gr.skip(), gr.skip()]


def test_opening_a_finding_changes_no_row(empty_studio) -> None:
    opened = findings.pressed(empty_studio, "data-1", None, act="show", wanted="exact_duplicate")
    assert opened == [gr.skip(), "exact_duplicate"]

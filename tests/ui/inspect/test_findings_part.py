"""What was found, and which finding is open."""

import gradio as gr

from studio.domain.finding import Finding, FindingKind, Group
from studio.flows.studio import Studio
from studio.ui import shell
from studio.ui.inspect import findings
from studio.ui.parts import listed
from tests.ui import examples
from tests.ui.markup import attributes

COPIES = Finding(FindingKind.EXACT_DUPLICATE, "Exact copies", 1, "They count twice.", (Group((3, 9), (4, 10)),))
CONFLICT = Finding(FindingKind.CONFLICT, "Contradictions", 2, "It cannot learn both.", (Group((5, 6), (6, 7)),))
MALFORMED = Finding(FindingKind.MALFORMED, "1 line", 1, "It is refused.", (Group((), (7,)),))


def is_open(*found: Finding, picked: str | None = None) -> str | None:
    """The kind that is open, and pressed in the list."""
    opened, page = findings.opened(found, picked), findings.view(found, examples.dataset(), picked)
    assert page.count('aria-pressed="true"') == (opened is not None)
    return opened.kind.value if opened else None


def test_what_matters_most_is_open_at_first_and_the_first_in_the_list() -> None:
    assert is_open(COPIES, CONFLICT) == "conflicting_answers"
    page = findings.view((COPIES, CONFLICT), examples.dataset(), None)
    assert attributes(page, "data-kind")[0] == "conflicting_answers"


def test_what_is_being_looked_at_stays_open() -> None:
    assert is_open(CONFLICT, COPIES, picked="exact_duplicate") == "exact_duplicate"
    assert is_open(CONFLICT, picked="exact_duplicate") == "conflicting_answers"


def test_refused_lines_alone_open_nothing() -> None:
    assert is_open(MALFORMED) is None and is_open() is None


def test_only_a_press_changes_what_is_picked(empty_studio: Studio) -> None:
    """A list that is drawn late would take back what was picked since."""
    page = shell.build(empty_studio)
    (drawn,) = [block for block in page.blocks.values() if getattr(block, "js_on_load", None) == listed.PRESS]
    presses = [event for event in page.fns.values() if drawn._id in [target for target, _ in event.targets]]
    (picked,) = {block for press in presses for block in press.outputs if isinstance(block, gr.State)}
    assert [event for event in page.fns.values() if picked in event.outputs] == presses


def test_a_finding_is_opened_also_while_another_is_on_its_way_and_no_act_is_done_twice(empty_studio: Studio) -> None:
    page = shell.build(empty_studio)
    (drawn,) = [block for block in page.blocks.values() if getattr(block, "js_on_load", None) == listed.PRESS]
    modes = {name: event.trigger_mode for event in page.fns.values() for at, name in event.targets if at == drawn._id}
    assert modes == {"click": "once", "select": "multiple"}


def test_a_button_that_nobody_drew_does_nothing(empty_studio) -> None:
    for act, wanted in (("treat", "no kind"), ("treat", ""), ("show", "<b>")):
        assert findings.pressed(empty_studio, "data-1", act=act, wanted=wanted) == [gr.skip(), gr.skip()]


def test_opening_a_finding_changes_no_row(empty_studio) -> None:
    opened = findings.pressed(empty_studio, "data-1", act="show", wanted="exact_duplicate")
    assert opened == [gr.skip(), "exact_duplicate"]

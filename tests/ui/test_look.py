"""What holds for every screen: a way on where there is nothing yet, and rules of the style sheet that really apply."""

import re
from pathlib import Path

import pytest

from studio.ui import rate, shell
from studio.ui.lighter import ON_ONCE_BACK
from studio.ui.parts import carried, copying, html
from studio.ui.runs import tables
from studio.ui.shell import TABS
from studio.ui.tabs import compare, deliver, inspect, recipe, train, verdict
from studio.ui.theme import CSS
from tests.ui.markup import attributes, tags, words

EMPTY = {
    "Inspect": inspect.EMPTY,
    "Recipe": recipe.EMPTY,
    "Train": train.EMPTY,
    "Compare": compare.EMPTY,
    "Verdict": verdict.EMPTY,
    "Deliver": deliver.EMPTY,
    "Runs": tables.NONE,
}


@pytest.mark.parametrize("screen", EMPTY)
def test_a_screen_with_nothing_on_it_leads_to_an_earlier_step(screen: str) -> None:
    (address,) = attributes(EMPTY[screen], "href")
    order = list(TABS)
    assert order.index(address.removeprefix("#")) < order.index(screen.lower())
    assert words(EMPTY[screen]).endswith(f"Go to {TABS[address[1:]][0]}")


def test_what_can_be_copied_can_be_copied_without_https_too(root: Path) -> None:
    """Browsers give pages without it no clipboard: one script knows another way, and nobody goes past it."""
    assert copying.HEAD in shell.HEAD and copying.HEAD in rate.HEAD
    found = [path.name for path in (root / "studio").rglob("*.py") if "navigator.clipboard" in path.read_text()]
    assert found == ["copying.py"]


def test_what_was_typed_is_carried_over_by_both_pages_and_never_a_password() -> None:
    """A page that finds the studio started anew calls what its head says; see studio/ui/lighter.py."""
    assert carried.HEAD in shell.HEAD and carried.HEAD in rate.HEAD
    assert "window.carryOver = " in carried.HEAD and "(window.carryOver?.(),window.location.reload())" in ON_ONCE_BACK
    assert "type=password" not in carried.HEAD and "input:is([type=text], [type=number])" in carried.HEAD


def test_a_name_in_an_empty_screen_stays_text() -> None:
    assert "img" not in tags(html.empty("<img src=x>", "<img src=x>", to="train"))


def test_no_rule_for_narrow_screens_names_the_container_that_gradio_puts_around_it() -> None:
    narrow = [rules for query, rules in blocks(style_sheet()) if query.startswith("@media")]
    assert narrow
    assert not [rules for rules in narrow if ".gradio-container" in rules]


def test_no_selector_has_a_comma_where_gradio_would_cut_it() -> None:
    heads = [head for head, _ in blocks(style_sheet()) if not head.startswith("@")]
    assert heads
    assert not [head for head in heads if re.search(r"\([^()]*,", head)]


def style_sheet() -> str:
    """Its rules, without the comments."""
    return re.sub(r"/\*.*?\*/", "", CSS.read_text(), flags=re.DOTALL)


def blocks(style: str) -> list[tuple[str, str]]:
    """The outermost blocks of a style sheet: what stands before each brace, and what is inside."""
    found, depth, begun, head = list[tuple[str, str]](), 0, 0, ""
    for place, sign in enumerate(style):
        if sign == "{":
            depth += 1
            if depth == 1:
                head, begun = style[begun:place].strip(), place + 1
        elif sign == "}":
            depth -= 1
            if depth == 0:
                found.append((head, style[begun:place]))
                begun = place + 1
    return found

"""While a screen is read anew, the browser shows at once that it is, and no empty state that may not be true."""

import gradio as gr

from studio.flows.studio import Studio
from studio.ui import shell
from studio.ui.parts import busy, html


def test_what_is_shown_meanwhile_says_nothing_of_what_there_is() -> None:
    assert busy.cleared(2).count("visible: false") == 2 and "One moment" in busy.cleared(0)
    assert 'class=\\"empty' in busy.UNLESS_FULL and 'class="empty' in html.empty("Nothing yet.", "Train.")


def test_another_run_clears_compare_verdict_and_deliver_before_anything_is_asked(empty_studio: Studio) -> None:
    page = shell.build(empty_studio)
    at_once = [
        event
        for event in page.fns.values()
        if event.fn is None and event.js in {busy.cleared(3), busy.cleared(2), busy.cleared(1)}
    ]
    assert len(at_once) == 3, "Compare, Verdict and Deliver"
    for event in at_once:
        first, *others = event.outputs
        assert isinstance(first, gr.HTML) and not any(isinstance(each, gr.HTML) for each in others)

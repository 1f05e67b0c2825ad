"""Sparing: a page on which what an answer leaves as it is costs nothing.

Gradio makes a control anew for each output of an event, also for one that is to stay as it is, and looks through all
events of the page for each state that an event gives. With the studio's hundreds of controls that is most of an answer
that says that nothing has changed, and many people look at the same run again and again. See docs/decisions/0037.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from functools import cached_property
from types import SimpleNamespace
from typing import Any

import gradio as gr
from gradio import blocks
from gradio.utils import deep_hash

SAME = gr.skip()


class SparingPage(gr.Blocks):
    """Gradio's Blocks, asked for no more than what an answer changes."""

    def __init__(self, **shown: Any) -> None:
        with without_applications():
            super().__init__(**shown)

    def __exit__(self, *raised: Any) -> None:
        with without_applications():
            super().__exit__(*raised)

    async def postprocess_data(self, block_fn: Any, predictions: Any, state: Any) -> list[Any]:
        """What is sent for each output; of those that stay as they are no control is made."""
        outputs, given = block_fn.outputs, list(predictions) if isinstance(predictions, tuple) else predictions
        is_one_each = isinstance(given, list) and len(given) == len(outputs) > 1
        if not is_one_each:
            return await super().postprocess_data(block_fn, given, state)
        changed = [number for number, told in enumerate(given) if not is_same(told)]
        sent: list[Any] = [None if block.stateful else dict(SAME) for block in outputs]
        if changed:
            some = copy(block_fn)
            some.outputs = [outputs[number] for number in changed]
            told = [given[number] for number in changed]
            answers = await super().postprocess_data(some, told if len(told) > 1 else told[0], state)
            for number, answer in zip(changed, answers, strict=True):
                sent[number] = answer
        return sent

    def get_state_ids_to_track(self, block_fn: Any, state: Any) -> tuple[list[int], list[Any]]:
        """The states that this event gives and that something listens to, as they are before it."""
        if state is None:
            return [], []
        followed = [block._id for block in block_fn.outputs if block.stateful and block._id in self._listened_to]
        return followed, [deep_hash(state[block_id]) for block_id in followed]

    @cached_property
    def _listened_to(self) -> frozenset[int]:
        """The parts of the page whose change is an event; asked for once all of them are there."""
        targets = (target for fn in self.fns.values() for target in fn.targets)
        return frozenset(block_id for block_id, event in targets if block_id is not None and event == "change")


def is_same(told: Any) -> bool:
    """Whether a handler said that an output stays as it is."""
    return isinstance(told, dict) and told == SAME


@contextmanager
def without_applications() -> Iterator[None]:
    """Inside, Gradio makes no web application for a page: it makes two of each that serve nobody, before it is mounted."""
    makes = blocks.App
    blocks.App = SimpleNamespace(create_app=lambda page, **_: None)  # type: ignore[assignment, misc]
    try:
        yield
    finally:
        blocks.App = makes  # type: ignore[misc]

"""Page: the rating page as an application, on which a press is one request and its answer.

Gradio puts a press into a queue and tells what came of it on a second request, asks a thread for each control that the
press is about or changes, and makes each control anew that is shown or hidden. That is most of what a vote would cost.
The presses of this page ask for no queue, and their handlers take and give texts, choices and states alone, so the whole
of it is done in one thread. See docs/decisions/0039.
"""

import json
from collections.abc import Sequence
from typing import Any, TypeGuard

import gradio as gr

from studio.domain.access import Visitor
from studio.store.acting import acting
from studio.ui.guarded import OLD_PAGE, GuardedPage
from studio.ui.sent import fitting


class RatingPage(GuardedPage):
    """A guarded page with a shorter way to those of its events that ask for no queue."""

    def takes(self, number: Any) -> TypeGuard[int]:
        """Whether this is the number of an event that asks for no queue."""
        return isinstance(number, int) and number in self.fns and self.fns[number].queue is False

    def answered(self, who: Visitor | None, body: bytes) -> tuple[int, dict[str, Any]]:
        """The status and the content of the answer to a press as it was sent, in the words of Gradio's own scripts."""
        sent = _read(body)
        number, values, session = (sent.get(name) for name in ("fn_index", "data", "session_hash"))
        if not self.takes(number) or not isinstance(values, list) or not isinstance(session, str):
            return 404, {"error": OLD_PAGE}
        try:
            return 200, {"data": self.pressed(who, number, values, session)}
        except gr.Error as error:
            return 422, {"error": error.message, "title": error.title}

    def pressed(self, who: Visitor | None, number: int, sent: list[Any], session: str) -> list[Any]:
        """What each control that the event changes is told; gr.Error where nothing was done, with the reason.

        Whatever Gradio's own way refuses or answers is refused and answered here, in the same words.
        """
        function, state = self.fns[number], self.state_holder[session]
        parts: Sequence[Any] = function.inputs
        who = self.allowed(who, function)
        with self.taking(function):
            self.validate_inputs(function, sent)
            held = fitting(parts, sent[: len(parts)])
            given = [
                state[part._id] if isinstance(part, gr.State) else part.preprocess(value)
                for part, value in zip(parts, held, strict=True)
            ]
        assert function.fn is not None
        with acting(who, writing=self._writing):
            told = function.fn(*given)
        return [_sent(state, part, answer) for part, answer in zip(function.outputs, told, strict=True)]


def _read(body: bytes) -> dict[str, Any]:
    """What was sent, halves of characters included, which `fitting` takes out; nothing where it is not to be read."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _sent(state: Any, part: Any, answer: Any) -> Any:
    """What the browser is sent of an answer for this part of the page; of a state nothing."""
    if isinstance(part, gr.State):
        state[part._id] = answer
        return None
    return answer if isinstance(answer, dict) else part.postprocess(answer)

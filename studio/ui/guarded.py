"""Guarded: a page whose every event is checked where its handler runs, and that shows what somebody may not do.

There are several ways to an event (the queue, the calls by name), and more with every version of Gradio. All of them end
in `process_api`, so that is where it is decided; what a request is refused before that saves work, and no more.
"""

import logging
from collections.abc import Callable
from typing import Any

import gradio as gr

from studio import logs
from studio.domain.access import NEEDS, Right, Visitor
from studio.domain.errors import StudioError
from studio.store.acting import acting, visitor
from studio.ui.errors import in_words
from studio.ui.sent import fitting, not_taken

# What a person does; an event on a change, a tick or a tab is the page's own.
PRESSES = frozenset({"click", "upload", "submit", "input", "release", "blur"})
OLD_PAGE = "This page is of another version of the studio. Reload it and go on."


class GuardedPage(gr.Blocks):
    """Gradio's Blocks with a right per event; who sends a request stands in its scope, put there by the gate."""

    def __init__(self, *, right: Callable[[Any], Right], writing: Right = Right.CHANGE, **shown: Any) -> None:
        self._right, self._writing = right, writing
        self._config: Any = None
        self.told: tuple[int, Callable[[Visitor], str]] | None = None
        super().__init__(**shown)

    # Rights

    def right_of(self, event: int | str | None) -> Right | None:
        """What an event needs, by its number or its name; None where there is none."""
        if isinstance(event, str):
            found = [fn for fn in self.fns.values() if event in (fn.api_name, str(fn._id))]
        else:
            found = [fn for number, fn in self.fns.items() if number == event]
        return self._right(found[0].fn) if found else None

    async def process_api(self, block_fn: Any, inputs: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        function = self.fns[block_fn] if isinstance(block_fn, int) else block_fn
        who, needed = _sender(kwargs.get("request")), self._right(function.fn)
        if who is None or not who.may(needed):
            raise gr.Error(NEEDS[needed], title="You may not do this", print_exception=False)
        with acting(who, writing=self._writing), logs.about(request=_number(kwargs.get("request"))):
            answer = await super().process_api(block_fn, inputs, *args, **kwargs)
        if not who.may(Right.CHANGE):
            self._take_back(function, answer)
        return answer

    def validate_inputs(self, block_fn: Any, inputs: list[Any]) -> None:
        """A page that has been open since before an upgrade may send less than an event takes now."""
        if len(inputs) < len(block_fn.inputs):
            raise gr.Error(OLD_PAGE, title="That did not work", print_exception=False)

    async def preprocess_data(self, block_fn: Any, inputs: list[Any], *args: Any, **kwargs: Any) -> list[Any]:
        """What was sent, as the handler is given it; whatever its parts could not hold is refused in words."""
        try:
            self.validate_inputs(block_fn, inputs)
            held = fitting(block_fn.inputs, inputs)
            return await super().preprocess_data(block_fn, held, *args, **kwargs)
        except StudioError as error:
            raise in_words(error) from error
        except gr.Error as error:
            raise error if not error.print_exception else in_words(not_taken(block_fn.inputs, error)) from error
        except Exception as error:
            logging.getLogger("studio.ui").info("%s was sent what is none of its choices: %.200r", block_fn.name, error)
            raise in_words(not_taken(block_fn.inputs, error)) from error

    # What somebody who may only look sees

    @property
    def changing(self) -> frozenset[int]:
        """The controls of which an event changes something."""
        return frozenset(
            block_id
            for fn in self.fns.values()
            if self._right(fn.fn) is Right.CHANGE
            for block_id, event in fn.targets
            if block_id is not None and event in PRESSES
        )

    def _take_back(self, function: Any, answer: dict[str, Any]) -> None:
        """No answer makes a control usable again that changes something."""
        changing = self.changing
        for block, told in zip(function.outputs, answer.get("data") or [], strict=False):
            if block._id in changing and isinstance(told, dict) and told.get("interactive"):
                told["interactive"] = False

    @property
    def config(self) -> Any:
        """The page as it is sent to whoever asks for it now."""
        who = visitor()
        if self._config is None or who is None:
            return self._config
        still = frozenset() if who.may(Right.CHANGE) else self.changing
        return self._config | {"components": [self._as_for(who, part, still) for part in self._config["components"]]}

    @config.setter
    def config(self, config: Any) -> None:
        self._config = config

    def _as_for(self, who: Visitor, part: dict[str, Any], still: frozenset[int]) -> dict[str, Any]:
        if part["id"] in still:
            return part | {"props": part["props"] | {"interactive": False}}
        if self.told and part["id"] == self.told[0]:
            words = self.told[1](who)
            return part | {"props": part["props"] | {"value": words, "visible": bool(words)}}
        return part


def _number(request: Any) -> str:
    """By which number the request is known in the logs."""
    return next((scope.get("number", "") for scope in _scopes(request)), "")


def _scopes(request: Any) -> list[dict[str, Any]]:
    requests = request if isinstance(request, list) else [request]
    return [getattr(getattr(each, "request", None), "scope", {}) for each in requests]


def _sender(request: Any) -> Visitor | None:
    """Who sent this; where Gradio put several requests together, they must all be of one."""
    found = [scope.get("visitor") for scope in _scopes(request)]
    return found[0] if found and all(each == found[0] for each in found) else None

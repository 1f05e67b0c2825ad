"""Guarded: a page whose every event is checked where its handler runs, and that shows what somebody may not do.

There are several ways to an event (the queue, the calls by name), and more with every version of Gradio. All of them end
in `process_api`, so that is where it is decided; what a request is refused before that saves work, and no more.
"""

import logging
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from functools import cache, cached_property
from typing import Any

import gradio as gr

from studio import logs
from studio.domain.access import NEEDS, Right, Visitor
from studio.domain.errors import StudioError
from studio.store.acting import acting, visitor
from studio.ui.errors import in_words
from studio.ui.ready import ready
from studio.ui.sent import fitting, not_taken
from studio.ui.sparing import SparingPage

# What a person does; an event on a change, a tick or a tab is the page's own.
PRESSES = frozenset({"click", "upload", "submit", "input", "release", "blur"})
OLD_PAGE = "This page is of another version of the studio. Reload it and go on."


class GuardedPage(SparingPage):
    """Gradio's Blocks with a right per event; who sends a request stands in its scope, put there by the gate."""

    def __init__(self, *, right: Callable[[Any], Right], writing: Right = Right.CHANGE, **shown: Any) -> None:
        self._right, self._writing = right, writing
        self._config: Any = None
        self._written = 0
        self.told: tuple[int, Callable[[Visitor], str]] | None = None
        super().__init__(**shown)

    # Rights

    def right_of(self, event: int | str | None) -> Right | None:
        """What an event needs, by its number or its name; None where there is none."""
        if isinstance(event, str):
            found = next((fn for fn in self.fns.values() if event in (fn.api_name, str(fn._id))), None)
        else:
            found = None if event is None else self.fns.get(event)
        return self._right(found.fn) if found else None

    async def process_api(self, block_fn: Any, inputs: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        function = self.fns[block_fn] if isinstance(block_fn, int) else block_fn
        who = self.allowed(_sender(kwargs.get("request")), function)
        with acting(who, writing=self._writing), logs.about(request=_number(kwargs.get("request"))):
            answer = await super().process_api(block_fn, inputs, *args, **kwargs)
        if not who.may(Right.CHANGE):
            self._take_back(function, answer)
        return answer

    def allowed(self, who: Visitor | None, function: Any) -> Visitor:
        """Whoever sends this event, if they may."""
        needed = self._right(function.fn)
        if who is None or not who.may(needed):
            raise gr.Error(NEEDS[needed], title="You may not do this", print_exception=False)
        return who

    def validate_inputs(self, block_fn: Any, inputs: list[Any]) -> None:
        """A page that has been open since before an upgrade may send less than an event takes now."""
        if len(inputs) < len(block_fn.inputs):
            raise gr.Error(OLD_PAGE, title="That did not work", print_exception=False)

    async def preprocess_data(self, block_fn: Any, inputs: list[Any], *args: Any, **kwargs: Any) -> list[Any]:
        """What was sent, as the handler is given it; whatever its parts could not hold is refused in words."""
        with self.taking(block_fn):
            self.validate_inputs(block_fn, inputs)
            return await super().preprocess_data(block_fn, fitting(block_fn.inputs, inputs), *args, **kwargs)

    @contextmanager
    def taking(self, block_fn: Any) -> Iterator[None]:
        """While it is read what was sent; whatever is refused is refused in words."""
        try:
            yield
        except StudioError as error:
            raise in_words(error) from error
        except gr.Error as error:
            raise error if not error.print_exception else in_words(not_taken(block_fn.inputs, error)) from error
        except Exception as error:
            logging.getLogger("studio.ui").info("%s was sent what is none of its choices: %.200r", block_fn.name, error)
            raise in_words(not_taken(block_fn.inputs, error)) from error

    # What somebody who may only look sees

    @cached_property
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
        parts = [self._told(who, part) or part for part in self._ready(may_change=who.may(Right.CHANGE))]
        return self._for_all | {"components": parts}

    @config.setter
    def config(self, config: Any) -> None:
        self._config = config
        self._written += 1
        self._ready.cache_clear()
        if "_for_all" in self.__dict__:
            del self._for_all

    def seen_by(self, who: Visitor | None) -> Hashable:
        """Equal for all who are sent the same page."""
        return self._written, who and (who.may(Right.CHANGE), self.told[1](who) if self.told else "")

    @cached_property
    def _ready(self) -> Any:
        """The controls as those see them who may change something, and as all others do."""

        @cache
        def controls(*, may_change: bool) -> list[Any]:
            still = frozenset() if may_change else self.changing
            return [
                ready(part | {"props": part["props"] | {"interactive": False}} if part["id"] in still else part)
                for part in self._config["components"]
            ]

        return controls

    @cached_property
    def _for_all(self) -> dict[str, Any]:
        """All but the controls, which is the same for everybody."""
        pages = {name: page | {"layout": ready(page["layout"])} for name, page in self._config["page"].items()}
        events, layout = [ready(event) for event in self._config["dependencies"]], ready(self._config["layout"])
        return self._config | {"dependencies": events, "layout": layout, "page": pages}

    def _told(self, who: Visitor, part: Any) -> dict[str, Any] | None:
        """The one control that says who is signed in; nobody else is ever shown that."""
        if not self.told or part["id"] != self.told[0]:
            return None
        words, found = self.told[1](who), next(each for each in self._config["components"] if each["id"] == part["id"])
        return found | {"props": found["props"] | {"value": words, "visible": bool(words)}}


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

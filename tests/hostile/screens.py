"""Screens: every event of both pages, pressed as a program would press it, without a browser and without a network."""

import copy
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import gradio as gr

from studio.domain.access import Right, Visitor
from studio.ui.guarded import GuardedPage
from studio.ui.kept import OpenPage
from studio.ui.rights import innermost

APOLOGY = "Something in the studio itself failed"
WHO = Visitor("A program", frozenset(Right))


@dataclass(frozen=True, slots=True)
class Answered:
    """What an event answered: words where it refused; whether it was Gradio's own checks that did."""

    words: str = ""
    by_gradio: bool = False
    data: Any = None


@dataclass(frozen=True, slots=True)
class Screens:
    """One page, with what its controls hold where somebody has chosen `chosen`, by their labels."""

    page: GuardedPage
    chosen: dict[str, Any]
    query: dict[str, str]

    def events(self) -> list[int]:
        return [number for number, event in self.page.fns.items() if event.fn is not None]

    def named(self, handler: str) -> int:
        """The event of this handler, as tests/web/events.txt writes it."""
        return next(number for number in self.events() if self.name(number) == handler)

    def name(self, number: int) -> str:
        meant = innermost(self.page.fns[number].fn)
        return f"{meant.__module__}:{meant.__qualname__}"

    def held(self, number: int) -> list[Any]:
        """What the controls hold that this event takes."""
        return [
            None if isinstance(block, gr.State) else self.chosen.get(getattr(block, "label", ""), getattr(block, "value", None))
            for block in self.page.fns[number].inputs
        ]  # fmt: skip

    async def press(self, number: int, values: list[Any]) -> Answered:
        state = OpenPage(self.page, {})
        request = gr.Request(request=SimpleNamespace(scope={"visitor": WHO}, query_params=self.query, headers={}))  # type: ignore[arg-type]
        try:
            answer = await self.page.process_api(
                self.page.fns[number], copy.deepcopy(values), state=state, request=request
            )
        except gr.Error as error:
            return Answered(str(error.message))
        except Exception as error:  # before the handler runs: whatever that raises becomes a gr.Error
            return Answered(f"{type(error).__name__}: {error}", by_gradio=True)
        return Answered(data=answer.get("data"))

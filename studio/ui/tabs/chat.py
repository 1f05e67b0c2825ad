"""Chat: "what does it say to this?"""

from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import gradio as gr

from studio.domain.talk import BASE, AnswerSettings
from studio.flows import chat, models
from studio.flows.chat import Look, Setup
from studio.flows.studio import Studio
from studio.ui.chatting.panes import files, talk_page
from studio.ui.chatting.service import service_words
from studio.ui.drawn import NOTHING, drawn_for, mark, when_drawn
from studio.ui.errors import handler
from studio.ui.parts import html
from studio.ui.session import DRAWN, PUBLIC, QUIET, Session

ABOUT = (
    "The base and a checkpoint beside each other, each by its name. That is not blind: a verdict comes from Compare."
)
EMPTY = html.empty(
    "Nothing has been said yet.",
    "Type what a user would write: each side answers it, and goes on from what it said itself.",
)
NOBODY = ""
WRITING, WAITING = 0.4, 2.0  # seconds between two looks
NUMBERS = tuple(AnswerSettings.model_fields)


@dataclass(frozen=True, slots=True)
class Screen:
    """The components that show a talk, in the order of `view`."""

    situation: gr.HTML
    talk: gr.HTML
    send: gr.Button
    stop: gr.Button
    again: gr.Button
    clear: gr.Button
    start: gr.Button
    files: gr.HTML
    timer: gr.Timer

    def all(self) -> list[Any]:
        return [getattr(self, field.name) for field in fields(self)]


@dataclass(frozen=True, slots=True)
class Asking:
    """The controls that say who is asked what, and how; `sides` and `told` are what they were drawn for."""

    left: gr.Dropdown
    right: gr.Dropdown
    message: gr.Textbox
    instructions: gr.Textbox
    numbers: list[gr.Number]
    sides: gr.HTML
    told: gr.HTML

    def chosen(self) -> list[Any]:
        """The controls of `Chosen`, in its order."""
        return [self.left, self.right, self.instructions, self.sides, self.told]


class Chosen(NamedTuple):
    """Who is asked and what both are told first, with what that was drawn for."""

    left: Any
    right: Any
    instructions: Any
    sides: Any
    told: Any


def build(session: Session, tab: gr.Tab) -> gr.Timer:
    gr.HTML(html.title("Chat", ABOUT))
    screen, asking = _laid_out()
    _wire(session, tab, screen, asking)
    return screen.timer


def _laid_out() -> tuple[Screen, Asking]:
    with gr.Row():
        left, right = (
            gr.Dropdown(label=label, choices=[], value=None, allow_custom_value=True, min_width=280)
            for label in ("Left", "Right")
        )
    talk = gr.HTML(EMPTY)
    situation = gr.HTML()
    with gr.Row(elem_classes="actions say"):
        # Both wait for a model: what is written and sent before one is there would go nowhere.
        message = gr.Textbox(
            label="Message",
            placeholder="Type what a user would write",
            lines=1,
            max_lines=8,
            min_width=280,
            scale=6,
            interactive=False,
        )
        send = gr.Button("Send", variant="primary", min_width=110, scale=1, interactive=False)
        stop = gr.Button("Stop", variant="stop", visible=False, min_width=110, scale=1)
    with gr.Row(elem_classes="actions"):
        start = gr.Button("Start it again", variant="primary", visible=False, min_width=190, scale=0)
        again = gr.Button("Ask again", visible=False, min_width=150, scale=0)
        clear = gr.Button("Clear", visible=False, min_width=100, scale=0)
        saved = gr.HTML(min_width=280)
    with gr.Accordion("Settings", open=False):
        instructions = gr.Textbox(
            label="Instructions (system prompt)",
            info="Read first by both. To begin with, what most of your examples begin with, if they do.",
            lines=2,
            max_lines=12,
        )
        with gr.Row():
            numbers = [_number(name) for name in NUMBERS]
    timer = gr.Timer(WRITING, active=False)
    screen = Screen(situation, talk, send, stop, again, clear, start, saved, timer)
    return screen, Asking(left, right, message, instructions, numbers, mark(), mark())


def _number(name: str) -> gr.Number:
    """The control of one setting, with the words of its field."""
    field = AnswerSettings.model_fields[name]
    whole = field.annotation is int
    return gr.Number(
        label=field.title,
        info=field.description,
        value=field.default,
        precision=0 if whole else None,
        step=1 if whole else 0.05,
        min_width=200,
    )


def _wire(session: Session, tab: gr.Tab, screen: Screen, asking: Asking) -> None:
    studio, shown, model = session.studio, screen.all(), session.model
    picked, drawn = [session.data, model, session.run], gr.State(None)
    gr.on(
        [tab.select, session.shown.change, session.followed.change],
        handler(show, studio),
        [*picked, asking.sides, asking.told],
        [*shown, asking.message, *asking.chosen()],
        **DRAWN,
    )
    screen.timer.tick(handler(follow, studio), [model, drawn], [*shown, drawn], **QUIET)
    asked, controls = [*picked, *asking.chosen(), *asking.numbers], asking.chosen()
    gr.on(
        [screen.send.click, asking.message.submit],
        handler(send, studio),
        [asking.message, *asked],
        [asking.message, *shown, *controls],
        trigger_mode="once",
        api_name="send_message",
        **PUBLIC,
    )
    screen.again.click(handler(ask_again, studio), asked, [*shown, *controls], trigger_mode="once", **QUIET)
    of_talk = [asking.sides, model, session.run]
    for button, press in ((screen.start, start), (screen.stop, stop), (screen.clear, clear)):
        acting = handler(when_drawn(press, picked=2, takes=1), studio)
        button.click(acting, of_talk, shown, trigger_mode="once", **QUIET)


def show(studio: Studio, data: str | None, model: str | None, run: str | None, sides: str, told: str) -> list[Any]:
    """The talk with this model. Who is asked stays as its reader chose it, until other things are offered."""
    if model is None:
        return [*nothing(), gr.Textbox(interactive=False), *[gr.skip()] * 3, NOTHING, NOTHING]
    return [
        *_page(studio, model),
        gr.Textbox(interactive=True),
        *controls(studio, usual(studio, data, model, run, told=told), model, sides=sides, told=told),
    ]


def usual(studio: Studio, data: str | None, model: str, run: str | None, *, told: str) -> Chosen:
    """What stands in the controls before anybody chooses; no instructions where those for this data stand there."""
    best = chat.usual_choice(studio, model, run)
    sides = drawn_for(model, run) + drawn_for(best)
    instructions = chat.usual_instructions(studio, data) if told != drawn_for(data) else ""
    return Chosen(BASE, best or NOBODY, instructions, sides, drawn_for(data))


def controls(studio: Studio, now: Chosen, model: str, *, sides: str, told: str) -> Chosen:
    """The controls where they were drawn for `sides` and `told`."""
    choices = [(who.title, who.key) for who in chat.contestants(studio, model)]
    left, right = [{"value": now.left}, {"value": now.right}] if now.sides != sides else [{}, {}]
    return now._replace(
        left=gr.Dropdown(choices=choices, **left),
        right=gr.Dropdown(choices=[*choices, ("Nobody", NOBODY)], **right),
        instructions=now.instructions if now.told != told else gr.skip(),
    )


def follow(studio: Studio, model: str | None, before: Any) -> list[Any]:
    """The same once more, where something has happened since; nothing is sent while nothing has."""
    if model is None:
        return [*nothing(), None]
    parts, look = _page(studio, model), chat.look(studio, chat.screen_talk(model))
    now = hash((*(part for part in parts if isinstance(part, str)), look.is_open, look.job and look.job.state))
    return [*[gr.skip()] * len(parts), now] if now == before else [*parts, now]


def send(studio: Studio, message: str, data: str | None, model: str, run: str | None, *asked: Any) -> list[Any]:
    """Put the message to whoever was chosen; the page follows until they have answered."""
    setup, shown = setup_of(studio, data, model, run, *asked)
    chat.ask(studio, chat.screen_talk(model), message, setup)
    return ["", *_page(studio, model), *shown]


def ask_again(studio: Studio, data: str | None, model: str, run: str | None, *asked: Any) -> list[Any]:
    """Ask the last message once more, as it is chosen now."""
    setup, shown = setup_of(studio, data, model, run, *asked)
    chat.again(studio, chat.screen_talk(model), setup)
    return [*_page(studio, model), *shown]


def start(studio: Studio, model: str) -> list[Any]:
    chat.start(studio, chat.screen_talk(model))
    return _page(studio, model)


def stop(studio: Studio, model: str) -> list[Any]:
    chat.stop(studio, chat.screen_talk(model))
    return _page(studio, model)


def clear(studio: Studio, model: str) -> list[Any]:
    chat.clear(studio, chat.screen_talk(model))
    return _page(studio, model)


def setup_of(studio: Studio, data: str | None, model: str, run: str | None, *asked: Any) -> tuple[Setup, Chosen]:
    """Who is asked and how, and the controls as they then stand; RunError where a number is out of its bounds.

    Whoever chose is followed. Whoever did not asks those who would stand there if the page were drawn this very moment.
    """
    chosen, numbers = Chosen(*asked[: len(Chosen._fields)]), asked[len(Chosen._fields) :]
    sides, told = chosen.sides, chosen.told
    now = usual(studio, data, model, run, told=told)
    if _is_own(chosen, drawn_for(model, run)):
        now, sides = now._replace(left=chosen.left, right=chosen.right), now.sides
    if told == now.told or (not told and chosen.instructions):
        now, told = now._replace(instructions=chosen.instructions), now.told
    given = {name: value for name, value in zip(NUMBERS, numbers, strict=True) if value is not None}
    setup = Setup(model, tuple(who for who in now[:2] if who), now.instructions, chat.settings_of(given))
    return setup, controls(studio, now, model, sides=sides, told=told)


def _is_own(chosen: Chosen, picked: str) -> bool:
    """Whether somebody chose who is asked, for what is picked; a program does where it names one."""
    if not chosen.sides:
        return chosen.left is not None
    as_drawn = chosen.left == BASE and chosen.sides == picked + drawn_for(chosen.right or None)
    return chosen.sides.startswith(picked) and not as_drawn


def _page(studio: Studio, model: str) -> list[Any]:
    talk = chat.screen_talk(model)
    return view(chat.look(studio, talk), talk, title=models.title(studio, model))


def nothing() -> list[Any]:
    """The screen without a model."""
    hidden = gr.Button(visible=False)
    return ["", EMPTY, gr.Button(interactive=False), *[hidden] * 4, "", gr.Timer(active=False)]


def view(look: Look, talk: str, *, title: str) -> list[Any]:
    """One talk as it is now."""
    some, is_open, is_live = bool(look.exchanges), look.is_open, look.job is not None and look.job.is_live
    return [
        service_words(look, title),
        talk_page(look.exchanges, is_alive=look.is_alive) if some else EMPTY,
        gr.Button(visible=not (is_open and is_live), interactive=not is_open),
        gr.Button(visible=is_open and is_live),
        gr.Button(visible=some and not is_open and not look.has_gone),
        gr.Button(visible=some),
        gr.Button(visible=look.has_gone),
        files(talk) if some else "",
        gr.Timer(WRITING if is_open else WAITING, active=is_live),
    ]

"""Opinion: have a model judge a closed comparison too; announced first, shown as advice, never part of the verdict."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from studio.domain.errors import StudioError
from studio.domain.job import JobState
from studio.domain.judge import DEFAULT_KEY, Judge, endpoint, judge_from, judge_record
from studio.domain.opinion import Announcement, Graded
from studio.domain.reading import Reading, Tone
from studio.flows import models, opinion
from studio.flows.opinion import Advice, Against
from studio.flows.studio import Studio
from studio.ui.errors import handler, told
from studio.ui.parts import html
from studio.ui.session import DRAWN, QUIET, Session
from studio.verdict import advising

LOCAL, ENDPOINT = "local", "endpoint"
NOBODY = '<p class="help">No model was asked yet.</p>'


@dataclass(frozen=True, slots=True)
class Choosing:
    """The controls that name a judge, in the order in which `chosen` reads them."""

    way: gr.Radio
    local: gr.Dropdown
    address: gr.Textbox
    name: gr.Textbox
    key: gr.Textbox
    price_in: gr.Number
    price_out: gr.Number

    @property
    def all(self) -> list[Any]:
        return [self.way, self.local, self.address, self.name, self.key, self.price_in, self.price_out]


def build(session: Session, study: gr.State) -> None:
    """The panel of the closed comparison whose id `study` holds (None: there is none)."""
    studio = session.studio
    with gr.Accordion("A model's opinion, as advice", open=False) as panel:
        gr.HTML(f'<p class="help">{html.text(advising.ADVICE)}</p>')
        result = gr.HTML(NOBODY)
        with gr.Row(elem_classes="actions"):
            stop = gr.Button("Stop asking", visible=False, min_width=140, scale=0)
            go_on = gr.Button("Go on asking", visible=False, min_width=300, scale=0)
        choosing, beyond = _choosing()
        with gr.Row(elem_classes="actions"):
            look = gr.Button("What would that do?", min_width=200)
        announced, agreed = gr.HTML(), gr.State(None)
        with gr.Row(elem_classes="actions"):
            ask = gr.Button("Ask this judge", variant="primary", visible=False, min_width=200)
        timer = gr.Timer(1.0, active=False)
    drawn, asking = [result, stop, go_on, timer], [announced, ask, agreed]
    study.change(handler(begin, studio), study, [panel, choosing.local, *asking, *drawn], **DRAWN)
    timer.tick(handler(show, studio), study, drawn, **DRAWN)
    gr.on([each.change for each in choosing.all], handler(withdrawn), None, asking, **DRAWN)
    choosing.way.input(handler(reach), choosing.way, [choosing.local, beyond], **QUIET)
    look.click(handler(announce, studio), [study, *choosing.all], asking, trigger_mode="once", **QUIET)
    ask.click(handler(start, studio), [study, agreed], [*asking, *drawn], trigger_mode="once", **QUIET)
    stop.click(handler(halt, studio), study, drawn, trigger_mode="once", **QUIET)
    go_on.click(handler(resume, studio), study, [*asking, *drawn], trigger_mode="once", **QUIET)


def _choosing() -> tuple[Choosing, gr.Column]:
    ways: list[Any] = [("A model of this machine", LOCAL), ("An endpoint that speaks as OpenAI does", ENDPOINT)]
    way = gr.Radio(ways, value=LOCAL, label="Who is asked")
    local = gr.Dropdown(label="Model", choices=[], allow_custom_value=True)
    with gr.Column(visible=False) as beyond:
        with gr.Row(elem_classes="actions"):
            address = gr.Textbox(
                label="Address", placeholder="https://host/v1, or http://127.0.0.1:11434/v1", min_width=260
            )
            name = gr.Textbox(label="Model, as the endpoint calls it", min_width=200)
        with gr.Row(elem_classes="actions"):
            price_in: Any = gr.Number(None, label="Price per million tokens read", minimum=0, min_width=160)
            price_out: Any = gr.Number(None, label="Price per million tokens written", minimum=0, min_width=160)
            key = gr.Textbox(DEFAULT_KEY, label="Variable that holds its key", min_width=220)
    return Choosing(way, local, address, name, key, price_in, price_out), beyond


def begin(studio: Studio, study_id: str | None) -> list[Any]:
    """The panel for another comparison, with the models that could be asked."""
    usable: list[Any] = [(each.title, each.id) for each in models.models(studio) if each.is_usable]
    local = gr.Dropdown(choices=usable, value=usable[0][1] if usable else None)
    return [gr.Accordion(visible=study_id is not None), local, *withdrawn(), *show(studio, study_id)]


def show(studio: Studio, study_id: str | None) -> list[Any]:
    return view(opinion.opinion(studio, study_id) if study_id else [])


def reach(way: str) -> list[Any]:
    return [gr.Dropdown(visible=way == LOCAL), gr.Column(visible=way == ENDPOINT)]


def withdrawn() -> list[Any]:
    """Whatever was announced is of another choice."""
    return ["", gr.Button(visible=False), None]


def announce(studio: Studio, study_id: str | None, *values: Any) -> list[Any]:
    """What asking would do; only what was announced can be asked."""
    if not study_id:
        return withdrawn()
    try:
        judge = chosen(studio, *values)
        said = opinion.announce(studio, study_id, judge)
    except StudioError as error:
        return [told(error), gr.Button(visible=False), None]
    return [announcement(said), gr.Button(visible=said.requests > 0), judge_record(judge)]


def chosen(
    studio: Studio, way: str, local: str | None, address: str, name: str, key: str, price_in: Any, price_out: Any
) -> Judge:
    """The judge that the controls name; StudyError or RecipeError where they name none."""
    if way == LOCAL:
        return opinion.local_judge(studio, local or "")
    return endpoint(address or "", name or "", key_variable=key or "", price_in=price_in, price_out=price_out)


def start(studio: Studio, study_id: str | None, agreed: dict[str, Any] | None) -> list[Any]:
    if study_id and agreed:
        opinion.start(studio, study_id, judge_from(agreed))
    return [*withdrawn(), *show(studio, study_id)]


def halt(studio: Studio, study_id: str | None) -> list[Any]:
    for advice in opinion.opinion(studio, study_id) if study_id else []:
        opinion.stop(studio, advice.id)
    return show(studio, study_id)


def resume(studio: Studio, study_id: str | None) -> list[Any]:
    """Go on with the judge that was asked last; one that has finished is announced again, and then asked."""
    advices = opinion.opinion(studio, study_id) if study_id else []
    if study_id and (again := opinion.to_ask_again(advices)):
        said = opinion.announce(studio, study_id, again.judge)
        return [announcement(said), gr.Button(visible=True), judge_record(again.judge), *view(advices)]
    if study_id and advices:
        opinion.go_on(studio, study_id, advices[0].id)
    return [*withdrawn(), *show(studio, study_id)]


def view(advices: Sequence[Advice]) -> list[Any]:
    """Every judge that was asked, the last one first; the timer runs while one is at work."""
    is_live = any(advice.job.is_live for advice in advices)
    again = opinion.to_ask_again(advices)
    rests = bool(advices) and not is_live and (again is not None or _can_go_on(advices[0]))
    label = f"Ask again for the {again.unanswered:,} unanswered" if again else "Go on asking"
    return [
        "".join(map(opinion_of, advices)) or NOBODY,
        gr.Button(visible=is_live),
        gr.Button(label, visible=rests),
        gr.Timer(active=is_live),
    ]


def _can_go_on(advice: Advice) -> bool:
    """Whether something is missing, and what was said so far is not hopeless."""
    return advice.job.state is not JobState.DONE and (advice.tally.whole > 0 or advice.tally.replies == 0)


def announcement(said: Announcement) -> str:
    """What would happen, before it does; what leaves the machine stands out."""
    title = f"{html.count(said.requests, 'question')} to {said.judge}."
    where = f"Texts leave this machine to {said.leaves_to}." if said.leaves_to else "No text leaves this machine."
    tone = Tone.WARNING if said.leaves_to else Tone.QUIET
    lines = "".join(f"<li>{html.text(line)}</li>" for line in said.sentences)
    warned = "".join(html.reading(Reading(Tone.WARNING, "Beware.", warning)) for warning in said.warnings)
    return f'<div class="opinion">{html.reading(Reading(tone, title, where))}<ul>{lines}</ul>{warned}</div>'


def opinion_of(advice: Advice) -> str:
    """One judge: how far it is, or what it said, what could not be read, and how far to believe it."""
    head = f"<h3>{html.text(advice.judge.title)}</h3>{_progress(advice)}"
    if advice.job.is_live or not advice.tally.replies:
        return f'<div class="opinion">{head}</div>'
    if not advice.tally.whole:
        return f'<div class="opinion">{head}{_failures(advice)}</div>'
    tone = Tone.QUIET if advice.is_reliable else Tone.WARNING
    title = "Advice, not a verdict." if advice.is_reliable else "Do not rest on it."
    tables = "".join(map(_against, advice.against))
    notes = [
        advising.order_sentence(advice.tally),
        advising.alike_sentence(advice.alike),
        _alpha(advice),
        _spent(advice),
    ]
    said = "".join(f"<li>{html.text(note)}</li>" for note in notes if note)
    believed = html.reading(Reading(tone, title, advice.reliability))
    return f'<div class="opinion">{head}{believed}{tables}<ul>{said}</ul>{_failures(advice)}</div>'


def _progress(advice: Advice) -> str:
    job = advice.job
    if job.is_live:
        left = f"about {html.duration(job.seconds_left)} left" if job.seconds_left else ""
        far = f"{job.done:,} of {job.total:,} questions" if job.total else ""
        words = " · ".join(filter(None, (far, job.phase))) or "Waiting …"
        return html.bar(job.done / job.total if job.total else 0.0, words, left)
    if job.state is JobState.DONE:
        return ""
    tone = Tone.BAD if job.state is JobState.FAILED else Tone.WARNING
    return html.reading(Reading(tone, job.message or "It was interrupted.", job.fix))


def _against(against: Against) -> str:
    counted = against.tally
    figures = [counted.tuned, counted.other, counted.tie, counted.both_bad, counted.failed + counted.waiting]
    heads = [
        "Pairs",
        "Fine-tuned better",
        f"{_capital(against.opponent.title)} better",
        "Equally good",
        "Both bad",
        "Not judged",
    ]
    row = [html.Cell(f"{number:,}", number=True) for number in (counted.pairs, *figures)]
    grades = html.table(
        ["Grade, 1 to 5", "Fine-tuned", "Other", "Difference"], [_graded(each) for each in against.grades], stacked=True
    )
    said = f"<h4>Against {html.text(against.opponent.title)}</h4><p>{html.text(advising.outcome_sentence(counted))}</p>"
    return f"{said}{html.table(heads, [row], stacked=True)}{grades if against.grades else ''}"


def _graded(graded: Graded) -> list[str | html.Cell]:
    difference = _signed(graded.difference)
    if graded.low is not None and graded.high is not None:
        difference += f" ({_signed(graded.low)} to {_signed(graded.high)})"
    means = [html.Cell(f"{mean:.1f}", number=True) for mean in (graded.tuned_mean, graded.other_mean)]
    return [graded.title, *means, html.Cell(difference, number=True)]


def _signed(value: float) -> str:
    """With its sign, which nothing at all has not."""
    return f"{value:+.1f}" if abs(value) >= 0.05 else "0.0"


def _failures(advice: Advice) -> str:
    lines = "".join(f"<li>{html.text(line)}</li>" for line in advising.failure_lines(advice.tally))
    failed = (
        f"{advice.tally.failed_replies:,} of {html.count(advice.tally.replies, 'reply', 'replies')} could not be read"
    )
    return f"<p>{failed}{':' if lines else '.'}</p>{f'<ul>{lines}</ul>' if lines else ''}"


def _alpha(advice: Advice) -> str:
    both = advice.alike
    if both.alpha is None:
        return ""
    people = f"; between people {both.people_alpha:.2f}" if both.people_alpha is not None else ""
    return f"Agreement beyond chance (Krippendorff's alpha): {both.alpha:.2f}{people}."


def _spent(advice: Advice) -> str:
    used = advice.tally.tokens_in + advice.tally.tokens_out
    if not used:
        return ""
    cost = f", which cost {advice.cost:,.2f} at the prices entered" if advice.cost is not None else ""
    return f"It read and wrote {used:,} tokens{cost}."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]

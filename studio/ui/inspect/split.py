"""Split: how the rows are dealt, how evenly that went, and where every line of the file ended."""

from typing import Any

import gradio as gr

from studio.data.veiling import veiled
from studio.domain.errors import StudioError
from studio.domain.fields import Field
from studio.domain.split import BIN_TITLES, LENGTH, TOPIC, Bin, Ledger, SplitChoices
from studio.domain.topics import Topics
from studio.flows import bring, inspect, split, topics
from studio.flows.split import Facts
from studio.flows.studio import Studio
from studio.flows.topics import Search
from studio.ui.errors import handler, told
from studio.ui.inspect.looking import Checked
from studio.ui.parts import html
from studio.ui.session import DRAWN, Session

NOTHING = ""
SHOWN_KINDS = 12
KEPT_ANYWAY = (
    "Copies, near copies, contradictions, conversations and rows of a small template share a side in any case."
)


def build(session: Session, checked: gr.State, look: gr.State) -> None:
    with gr.Accordion("Split, and where every line ended", open=True, visible=False) as part:
        with gr.Row():
            held_out = gr.Slider(
                0.05, 0.5, value=0.2, step=0.05, label="Held out", info="Shared by validation and test.", min_width=200
            )
            seed = gr.Number(
                label="Seed", value=7, precision=0, minimum=0, info="The same seed deals the same rows.", min_width=160
            )
            stratify = gr.Dropdown(
                label="Spread evenly",
                choices=[("by length", LENGTH)],
                value=LENGTH,
                info="Each part gets its share of every kind.",
                min_width=200,
            )
            by = gr.Dropdown(
                label="Keep together",
                choices=[("nothing more", NOTHING)],
                value=NOTHING,
                info="Rows with one value of a field share a side.",
                min_width=200,
            )
        timer, about, evenness, ledger = gr.Timer(1.0, active=False), gr.HTML(), gr.HTML(), gr.HTML()
    studio, data, choices = session.studio, session.data, [held_out, seed, stratify, by]
    gr.on([checked.change, timer.tick], handler(show, studio), checked, [part, timer, *choices, about], **DRAWN)
    gr.on(
        [checked.change, look.change, session.cut_off.change, session.dealt.change],
        handler(show_ledger, studio),
        [data, session.model, session.cut_off],
        ledger,
        **DRAWN,
    )
    gr.on([checked.change, session.dealt.change], handler(show_evenness, studio), data, evenness, **DRAWN)
    gr.on(
        [held_out.release, seed.input, stratify.input, by.input],
        handler(choose, studio),
        [data, *choices],
        session.dealt,
        **DRAWN,
    )


def show(studio: Studio, look: Checked | None) -> list[Any]:
    """The choices that the rows were dealt with, and what else there is to choose from."""
    if look is None:
        return [gr.skip()] * 7
    found = topics.look(studio, look.data)
    is_live = found.topics is None and found.job is not None and found.job.is_live
    try:
        choices = split.current(studio, look.data).choices
    except StudioError:  # the ledger below says why nothing can be dealt
        return [gr.Accordion(visible=True), gr.Timer(active=False), *[gr.skip()] * 4, ""]
    controls = view(choices, split.fields(studio, look.data), found.topics)
    return [gr.Accordion(visible=True), gr.Timer(active=is_live), *controls, topics_words(found)]


def view(choices: SplitChoices, fields: tuple[Field, ...], found: Topics | None) -> list[Any]:
    """The controls, each with what there is to choose."""
    return [
        gr.Slider(value=choices.held_out),
        choices.seed,
        gr.Dropdown(choices=stratify_choices(choices, fields, found), value=choices.stratify),
        gr.Dropdown(choices=by_choices(choices, fields), value=choices.by or NOTHING),
    ]


def stratify_choices(choices: SplitChoices, fields: tuple[Field, ...], found: Topics | None) -> list[tuple[str, str]]:
    """Length always, topics where there are any, and the fields whose values are kinds of rows."""
    offered = [("by length", LENGTH)]
    offered += [("by topic", TOPIC)] if found and found.topics else []
    offered += [(f"by {field.title}", field.key) for field in fields if field.has_labels]
    chosen = choices.stratify
    return offered if chosen in [key for _, key in offered] else [*offered, (f"by {chosen}", chosen)]


def by_choices(choices: SplitChoices, fields: tuple[Field, ...]) -> list[tuple[str, str]]:
    """The fields of the file of which several rows have one value."""
    offered = [("nothing more", NOTHING)]
    offered += [(f"rows of one {field.name}", field.name) for field in fields if field.is_source and field.repeats]
    chosen = choices.by or NOTHING
    return offered if chosen in [key for _, key in offered] else [*offered, (f"rows of one {chosen}", chosen)]


def choose(studio: Studio, data: str, held_out: float, seed: float | None, stratify: str | None, by: str | None) -> str:
    """Deal the rows anew with these choices; what was decided about single rows stays."""
    changes = {"held_out": held_out, "seed": int(seed or 0), "stratify": stratify or LENGTH, "by": by or None}
    return split.choose_some(studio, data, changes).id


def topics_words(search: Search) -> str:
    """What the rows are about, or why that cannot be told."""
    if search.topics is None:
        is_live = search.job is not None and search.job.is_live
        said = "Looking for topics …" if is_live else "The topics could not be looked for."
        return f'<p class="help">{said}</p>'
    named = [f"{topic.name} ({topic.rows:,})" for topic in search.topics.topics]
    listed = f" {'; '.join(named)}." if named else ""
    return f'<p class="help">{html.text(search.topics.sentence + listed)}</p>'


def show_evenness(studio: Studio, data: str | None) -> str:
    """How evenly the rows were spread, and how many could not be dealt one by one."""
    if data is None or not bring.dataset(studio, data).is_ready:
        return ""
    try:
        dealt = split.current(studio, data)
        return evenness_words(split.facts(studio, dealt), by_length=dealt.choices.stratify == LENGTH)
    except StudioError:
        return ""


def evenness_words(facts: Facts, *, by_length: bool) -> str:
    """Sentences on a deal, and how each kind was spread; by length the steps are too many for a table."""
    sets = f"in {html.count(facts.sets, 'set')} of up to {facts.largest:,}"
    shares = "shares" if facts.tied == 1 else "share"
    tied = f"{html.count(facts.tied, 'row')} {shares} a side with others, {sets}. " if facts.sets else ""
    gap = f"What is held out differs from the whole by at most {100 * facts.gap:.1f} points in the share of any kind."
    words = f'<p class="help">{html.text(tied + KEPT_ANYWAY)} {html.text(gap)}</p>'
    if by_length:
        return words
    rows = [
        [
            veiled(share.name).shown or "none of these",
            html.Cell(f"{share.rows:,}", number=True),
            html.Cell(f"{share.train:,}", number=True),
            html.Cell(f"{share.validation + share.test:,}", number=True),
        ]
        for share in facts.shares[:SHOWN_KINDS]
    ]
    rest = len(facts.shares) - SHOWN_KINDS
    more = f'<p class="help">… and {html.count(rest, "kind")} more.</p>' if rest > 0 else ""
    return words + html.table(["Kind", "Rows", "Training", "Held out"], rows) + more


def show_ledger(studio: Studio, data: str | None, model: str | None, cut_off: int | None) -> Any:
    """Where every line ended; with a cut-off, rows that are too long for it are counted apart."""
    if data is None or model is None or not bring.dataset(studio, data).is_ready:
        return gr.skip()
    within = cut_off if inspect.measured(studio, data, model) is not None else None
    try:
        counted = split.ledger(studio, data, model_id=model, cut_off=within)
        sealed = split.is_sealed(studio, split.current(studio, data))
    except StudioError as error:
        return told(error)
    return ledger_table(counted, data, model, within, sealed=sealed)


def ledger_table(ledger: Ledger, data: str, model: str, cut_off: int | None, *, sealed: bool) -> str:
    """Every line of the file in exactly one place, the sum, and each place as a file; not the test under seal."""
    whole = max(ledger.lines, 1)
    at = f"&cut_off={cut_off}" if cut_off else ""
    rows = [
        [
            BIN_TITLES[bin],
            html.Cell(f"{count:,}", number=True),
            html.Cell(html.percent(count / whole), number=True),
            _files(f"/download/bin/{data}/{bin.value}?model={model}{at}", count, is_shut=sealed and bin is Bin.TEST),
        ]
        for bin, count in ledger.counts.items()
    ]
    title = f"Lines with something in them ({'adds up' if ledger.adds_up else 'does not add up'})"
    rows.append([title, html.Cell(f"{ledger.lines:,}", number=True), html.Cell("100 %", number=True), ""])
    why = f'<p class="help">{html.text(split.SEALED)}</p>' if sealed and ledger.counts.get(Bin.TEST) else ""
    return html.table(["Where", "Lines", "Share", "With line and reason"], rows, total_last=True) + why


def _files(address: str, count: int, *, is_shut: bool) -> str | html.Cell:
    if is_shut or not count:
        return "sealed" if is_shut and count else ""
    return html.Cell("", links=(("CSV", address), ("JSONL", f"{address}&kind=jsonl")))

"""Refused: the lines that could not become rows, what could be repaired in them, and what they say in other encodings."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import gradio as gr

from studio.data.encodings import Legacy
from studio.data.veiling import veiled_as_written
from studio.domain.dataset import Dataset, Reject
from studio.domain.excerpt import MORE, Excerpt, visible
from studio.domain.reading import Tone
from studio.flows import bring, understand
from studio.flows.studio import Studio
from studio.ui.errors import handler
from studio.ui.parts import html
from studio.ui.parts.pickers import data_picker
from studio.ui.parts.repairs import offered
from studio.ui.session import DRAWN, QUIET, Session

AT_FIRST, LISTED = 5, 50
SHOWN = 240  # characters of a line without a place of its own


@dataclass(frozen=True, slots=True)
class Panel:
    """The components of this part, in the order of `view`."""

    whole: gr.Accordion
    lines: gr.HTML
    repairs: gr.Column
    offers: gr.HTML
    ticked: gr.CheckboxGroup
    encodings: gr.Column
    previews: gr.HTML
    encoding: gr.Radio

    def all(self) -> list[Any]:
        return [getattr(self, field.name) for field in fields(self)]


def build(session: Session, look: gr.State, start: gr.State) -> None:
    with gr.Accordion("Lines that were refused", open=True, visible=False) as whole:
        lines = gr.HTML()
        with gr.Column(visible=False) as encodings:
            previews = gr.HTML()
            encoding = gr.Radio(label="Read the whole file as", choices=[])
            decode = gr.Button("Read the file in this encoding")
        with gr.Column(visible=False) as repairs:
            offers = gr.HTML()
            ticked = gr.CheckboxGroup(label="Repair", choices=[])
            mend = gr.Button("Repair these lines")
    panel = Panel(whole, lines, repairs, offers, ticked, encodings, previews, encoding)
    studio, data = session.studio, session.data
    look.change(handler(show, studio), look, panel.all(), **DRAWN)
    once: dict[str, Any] = {"trigger_mode": "once", **QUIET}
    mend.click(handler(repair, studio), [data, ticked], [data, start], **once)
    decode.click(handler(read_as, studio), [data, encoding], [data, start], **once)


def show(studio: Studio, look: tuple[str, str] | None) -> list[Any]:
    found = bring.dataset(studio, look[0]) if look else None
    if found is None or found.is_being_read:
        return [gr.Accordion(visible=False), *[gr.skip()] * (len(fields(Panel)) - 1)]
    rejects = bring.rejects(studio, found.id, limit=LISTED)
    return view(found, rejects, bring.repairs(studio, found.id), understand.encodings(studio, found.id))


def view(
    found: Dataset, rejects: Sequence[Reject], offers: Sequence[bring.Offer], encodings: Sequence[Legacy]
) -> list[Any]:
    """The refused lines, and every way to read more of them."""
    repairs = [(offer.title.removesuffix("."), offer.kind.value) for offer in offers]
    names = [(each.title, each.encoding) for each in encodings]
    return [
        gr.Accordion(visible=bool(rejects), open=not _waits_for_fields(found) or bool(repairs) or bool(names)),
        refused_lines(found, rejects),
        gr.Column(visible=bool(repairs)),
        offered(offers),
        gr.CheckboxGroup(choices=repairs, value=[kind for _, kind in repairs]),
        gr.Column(visible=bool(names)),
        encodings_table(encodings),
        gr.Radio(choices=names, value=names[0][1] if names else None),
    ]


def _waits_for_fields(found: Dataset) -> bool:
    """Whether every line is refused for one reason: a person has to say what the fields hold, which stands below."""
    return found.guess is None and bool(found.columns)


def repair(studio: Studio, data: str, kinds: list[str]) -> list[Any]:
    return [data_picker(studio, bring.repair(studio, data, kinds).id), 0]


def read_as(studio: Studio, data: str, encoding: str) -> list[Any]:
    return [data_picker(studio, bring.reread(studio, data, None, encoding=encoding).id), 0]


def refused_lines(found: Dataset, rejects: Sequence[Reject]) -> str:
    """The first refused lines with place, reason and next step; more of them, and all as a file, one click away."""
    if not rejects:
        return ""
    more = ""
    if rest := rejects[AT_FIRST:]:
        listed = f"{len(rest):,} more" if found.rejects <= len(rejects) else f"{len(rest):,} of {found.rejects:,} more"
        more = f'<details class="more"><summary>Show {listed}</summary>{_listed(rest)}</details>'
    link = html.link("Download all refused lines", f"/download/refused/{found.id}")
    return f'{_listed(rejects[:AT_FIRST])}{more}<p class="help">{link}</p>'


def _listed(rejects: Sequence[Reject]) -> str:
    return f'<ul class="refused">{"".join(map(_refused, rejects))}</ul>'


def _refused(reject: Reject) -> str:
    """One line: where, why, what to do, and what is written there with a caret below what is meant."""
    place = reject.place[0].upper() + reject.place[1:]
    field = f" <span>in {html.text(reject.field)}</span>" if reject.field else ""
    chip = f' <span class="chip good">{html.SIGNS[Tone.GOOD]} can be repaired below</span>' if reject.repair else ""
    text = veiled_as_written(shortened(reject.text)).shown
    written = pointed(reject.excerpt) if reject.excerpt else html.text(visible(text))
    return (
        f'<li><div class="place"><b>{place}</b>{field}{chip}</div><div>{html.text(reject.reason)} {html.text(reject.fix)}</div>'
        f'<pre class="written" dir="auto">{written}</pre></li>'
    )


def pointed(written: Excerpt) -> str:
    """A piece of a line; the caret belongs to the very character, so that it stands below it in any script."""
    seen = _veiled(written).seen
    kind = "here" if seen.at else "here missing"
    return f'{html.text(seen.before)}<mark class="{kind}">{html.text(seen.at)}</mark>{html.text(seen.after)}'


def _veiled(written: Excerpt) -> Excerpt:
    text = veiled_as_written(written.before + written.at + written.after)
    start, end = text.around(len(written.before), len(written.before + written.at))
    parts = ((0, start), (start, end), (end, len(text.text)))
    return Excerpt(*("".join(shown for shown, _ in text.pieces(*part)) for part in parts))


def shortened(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}{MORE}"


def encodings_table(encodings: Sequence[Legacy]) -> str:
    """Real lines of the file in each likely encoding, the likeliest first: a person sees which one reads right."""
    if not encodings:
        return ""
    rows = [[each.title, html.Cell("\n".join(_said(each)), written=True)] for each in encodings]
    return (
        '<p class="help"><b>Some lines are not UTF-8.</b> In which encoding do they read right? The file is then read '
        "as a new dataset; this one stays as it is.</p>"
        + html.table(["Encoding", "What the lines would say"], rows, stacked=True)
    )


def _said(found: Legacy) -> list[str]:
    return [f"line {shown.line:,}: {' '.join(veiled_as_written(shown.text).shown.split())}" for shown in found.preview]

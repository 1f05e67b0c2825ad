"""HTML: small pure pieces of a page; every text from outside is escaped here, or in talk."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from studio.domain.finding import GRADE_WORDS, Grade
from studio.domain.reading import Reading, Tone

SIGNS = {Tone.GOOD: "✓", Tone.WARNING: "▲", Tone.BAD: "✕", Tone.QUIET: "●"}
REACH = "Other devices open it only where the studio listens to them; docs/access.md says how."
GRADES = {Grade.HIGH: Tone.BAD, Grade.MEDIUM: Tone.WARNING, Grade.INFO: Tone.QUIET}


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure card: what it is, the number, and what it means."""

    title: str
    value: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """A table cell that is not plain text: a number at the right, text kept as written, files, or a button.

    `links` are labels, each with its address; `pick` is what a press on the text picks.
    """

    text: str
    number: bool = False
    written: bool = False
    links: tuple[tuple[str, str], ...] = ()
    pick: str = ""


def title(heading: str, about: str = "") -> str:
    return f'<div class="title"><div><h2>{escape(heading)}</h2><p>{escape(about)}</p></div></div>'


def cards(figures: Sequence[Figure]) -> str:
    inner = "".join(
        f'<div class="figure"><span>{escape(f.title)}</span><b>{escape(f.value)}</b><small>{escape(f.note)}</small></div>'
        for f in figures
    )
    return f'<div class="cards">{inner}</div>'


def reading(said: Reading) -> str:
    """A sentence on the situation; the sign says what the colour says."""
    sign = SIGNS[said.tone]
    return f'<div class="reading {said.tone.value}" role="status"><b>{sign} {escape(said.title)}</b> {escape(said.text)}</div>'


def empty(heading: str, next_step: str, *, to: str = "") -> str:
    """A screen with nothing on it: why, what to do about it, and where `to` names a tab, the way there."""
    return (
        f'<div class="empty"><b>{escape(heading)}</b>{escape(next_step)}{f"<div>{way(to)}</div>" if to else ""}</div>'
    )


def waiting() -> str:
    """A screen that has not been asked for yet: it says nothing about what there is."""
    return '<div class="empty waiting" role="status">One moment …</div>'


def facts(named: Sequence[tuple[str, str]]) -> str:
    """Names beside what they are; on a phone below one another."""
    return (
        f'<dl class="facts">{"".join(f"<dt>{escape(name)}</dt><dd>{escape(what)}</dd>" for name, what in named)}</dl>'
    )


def way(to: str) -> str:
    """The way to another tab of the studio; its address is its name."""
    return f'<a class="button" href="#{escape(to)}">Go to {escape(to.capitalize())}</a>'


def bar(share: float, left: str, right: str = "") -> str:
    """A progress bar with its words; `share` from 0 to 1."""
    percent = round(max(0.0, min(1.0, share)) * 100)
    return (
        f'<div class="bar" role="progressbar" aria-valuemin="0" aria-valuemax="100" aria-valuenow="{percent}" '
        f'aria-label="{escape(left)}"><i style="width:{percent}%"></i></div>'
        f'<div class="bar-words"><span>{escape(left)}</span><span>{escape(right)}</span></div>'
    )


def grade(grade: Grade, words: str = "") -> str:
    """How much something matters, as a sign and a word."""
    tone = GRADES[grade]
    title = f' title="{GRADE_WORDS[grade]}"' if words else ""
    return f'<span class="chip {tone.value}"{title}>{SIGNS[tone]} {escape(words or GRADE_WORDS[grade])}</span>'


def table(
    headings: Sequence[str], rows: Sequence[Sequence[str | Cell]], *, total_last: bool = False, stacked: bool = False
) -> str:
    """A plain table that wraps its text; a column is right-aligned where its cells are numbers.

    `stacked` is for long texts: on a phone its cells then stand below one another, each under its heading.
    """
    numbers = [isinstance(cell, Cell) and cell.number for cell in rows[0]] if rows else [False] * len(headings)
    head = "".join(
        f'<th scope="col"{" class=number" if number else ""}>{escape(text)}</th>'
        for text, number in zip(headings, numbers, strict=True)
    )
    body = "".join(
        f"<tr{' class=total' if total_last and index == len(rows) - 1 else ''}>{''.join(map(_cell, row, headings))}</tr>"
        for index, row in enumerate(rows)
    )
    kind = "plain stacked" if stacked else "plain"
    return (
        f'<div class="scroll"><table class="{kind}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def _cell(cell: str | Cell, heading: str) -> str:
    label = f' data-label="{escape(heading)}"'
    if isinstance(cell, str):
        return f"<td{label}>{escape(cell)}</td>"
    if cell.links:
        return f"<td{label}>{' · '.join(link(*each) for each in cell.links)}</td>"
    if cell.pick:
        return f'<td{label}><button type="button" class="pick" data-pick="{escape(cell.pick)}">{escape(cell.text)}</button></td>'
    if cell.written:
        return f"<td{label}><pre>{escape(cell.text)}</pre></td>"
    return f"<td{label}{' class=number' if cell.number else ''}>{escape(cell.text)}</td>"


def link(label: str, address: str, *, download: bool = True) -> str:
    """A link that downloads, or opens in a tab of its own."""
    how = "download" if download else 'target="_blank" rel="noopener"'
    return f'<a href="{escape(address)}" {how}>{escape(label)}</a>'


def count(number: int, one: str, many: str | None = None) -> str:
    """A number with its noun: 1 row, 1,234 rows."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def percent(share: float) -> str:
    """A share in whole per cent: 95 %."""
    return f"{100 * share:.0f} %"


def parameters(number: int) -> str:
    """A model's size: 5.3 M, 8.2 B."""
    return f"{number / 1e9:.1f} B" if number >= 1e9 else f"{number / 1e6:.1f} M"


def duration(seconds: float) -> str:
    """Seconds as people say them: 38 s, 2 min 5 s, 1 h 12 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def duration_range(low: float, high: float) -> str:
    """An estimate as a range: 40–90 s, 2–4 min, 1.5–3 h."""
    if high < 120:  # as roughly as the plan says it in its sentence
        ends = [f"{max(5 * round(seconds / 5), 5)}" for seconds in (low, high)]
        return f"{'–'.join(dict.fromkeys(ends))} s"
    if high < 5400:
        ends = [f"{max(seconds / 60, 1):.0f}" for seconds in (low, high)]
        return f"{'–'.join(dict.fromkeys(ends))} min"
    return f"{low / 3600:.1f}–{high / 3600:.1f} h"


def size(amount: float) -> str:
    """Bytes as people say them, in decimal units."""
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit in ("B", "kB") else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def text(raw: str) -> str:
    """Text from outside, made safe to stand in a page."""
    return escape(raw)

"""Paper: a report as a PDF, with the fonts of the studio and, where they do not suffice, with those of this machine.

What neither can show is counted, and said.
"""

import json
import logging
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from studio.domain.report import WAITING, Account, Band, Chapter, Lamp, Report
from studio.domain.verdict import Decision
from studio.recipes.fonts import FIX, Face, covering, read_face, script

if TYPE_CHECKING:
    from fpdf import FPDF

Colour = tuple[int, int, int]
INK, QUIET, LINE, SOFT = (28, 36, 48), (91, 100, 114), (205, 205, 198), (247, 247, 245)
GOOD, AMBER, BAD = (47, 125, 91), (138, 97, 23), (180, 68, 58)
TONES = {Decision.SHIP: GOOD, Decision.DONT_SHIP: BAD, Decision.NOT_YET: AMBER}
LIGHTS = {"green": (GOOD, "✓"), "amber": (AMBER, "▲"), "red": (BAD, "✕"), WAITING: (QUIET, "…")}
MISSING = "□"
MARGIN = 16.0
LONGEST = 1500  # characters of one text; an answer of pages is for the screen
FONT = "studio"
STYLES = {"": "DejaVuSansCondensed.ttf", "B": "DejaVuSansCondensed-Bold.ttf"}
NO_SHAPE = ("Cc", "Cf", "Cs", "Cn", "Co", "Mn", "Zs")

log = logging.getLogger(__name__)


def pdf_of(report: Report, *, fonts: Path, made: str) -> bytes:
    """The report on A4: the conclusion with what to keep in mind, then what to read, then what was done.

    Numbers are in the HTML report.
    """
    faces = tuple(covering(_beyond(report, fonts)))
    try:
        return _written(_opened(report, fonts, faces), report, made=made)
    except Exception:  # a font file of somebody's machine may be broken in any way
        if not faces:
            raise
        log.exception("the PDF was made without the fonts of this machine: %s", [str(face.path) for face in faces])
        return _written(_opened(report, fonts), report, made=made)


def _written(paper: "Paper", report: Report, *, made: str) -> bytes:
    paper.small(f"Assay Studio · {made}")
    _conclusion(paper, report)
    for chapter in report.chapters:
        _chapter(paper, chapter)
    paper.heading("What was done, and by whom")
    _facts(paper, report.done)
    paper.heading("Data and licence")
    _facts(paper, report.data)
    _admissions(paper)
    return bytes(paper.pdf.output())


@dataclass
class Paper:
    """A document being written: `missing` letters that its fonts could not show, `cut` texts that go on for pages."""

    pdf: "FPDF"
    known: frozenset[int]
    missing: list[str] = field(default_factory=list)
    cut: int = 0

    def shown(self, text: str) -> str:
        """The text with a box for each letter that cannot be set, and cut where it goes on for pages."""
        if len(text) > LONGEST:
            self.cut += 1
            text = f"{text[:LONGEST]} … (goes on for {len(text) - LONGEST:,} characters)"
        return "".join(self._letter(letter) for letter in text.replace("\r\n", "\n").replace("\t", "    "))

    def _letter(self, letter: str) -> str:
        if letter == "\n":
            return letter
        if unicodedata.category(letter) in ("Cc", "Cf", "Mn") and ord(letter) not in self.known:
            return ""
        if ord(letter) in self.known:
            return letter
        self.missing.append(letter)
        return MISSING

    def write(
        self,
        text: str,
        *,
        size: float = 9.5,
        bold: bool = False,
        colour: Colour = INK,
        indent: float = 0.0,
        gap: float = 1.2,
        fill: Colour | None = None,
    ) -> None:
        """A paragraph, broken where the line ends."""
        pdf = self.pdf
        pdf.set_font(FONT, style="B" if bold else "", size=size)
        pdf.set_text_color(*colour)
        if fill:
            pdf.set_fill_color(*fill)
        pdf.set_x(MARGIN + indent)
        width, align = pdf.w - 2 * MARGIN - indent, "R" if _is_leftwards(text) else "L"
        pdf.multi_cell(
            width, size * 0.48, self.shown(text), align=align, fill=fill is not None, new_x="LMARGIN", new_y="NEXT"
        )
        pdf.ln(gap)

    def small(self, text: str, *, indent: float = 0.0) -> None:
        self.write(text, size=8, colour=QUIET, indent=indent)

    def heading(self, text: str, *, room: float = 45) -> None:
        """A title, on the next page where there is no `room` (mm) for it and for what it is the title of."""
        self.make_room(room)
        self.pdf.ln(2)
        self.write(text, size=12, bold=True, gap=1)

    def make_room(self, room: float) -> None:
        """What follows stands on the next page where less than this (mm) is left of the page with its margin."""
        if self.pdf.get_y() > self.pdf.h - room:
            self.pdf.add_page()


def _opened(report: Report, fonts: Path, more: Sequence[Face] = ()) -> Paper:
    from fpdf import FPDF  # here, so that the studio starts without it

    pdf = FPDF(format="A4")
    pdf.set_margin(MARGIN)
    pdf.set_auto_page_break(True, margin=MARGIN)
    for style, name in STYLES.items():
        pdf.add_font(FONT, style, fonts / name)
    for place, face in enumerate(more):
        pdf.add_font(f"{FONT}-{place}", "", face.path, collection_font_number=face.number)
    pdf.set_fallback_fonts([f"{FONT}-{place}" for place in range(len(more))], exact_match=False)
    pdf.set_text_shaping(True)  # letters of Arabic join, and lines of it and of Hebrew run from the right
    paper = Paper(pdf, _own(fonts).union(*(face.letters for face in more)))
    pdf.set_title(paper.shown(f"{report.headline} {report.name}"))
    pdf.set_creator("Assay Studio")
    pdf.add_page()
    return paper


def _own(fonts: Path) -> frozenset[int]:
    """The code points that the studio's own fonts show, in both styles."""
    regular, bold = (read_face(fonts / name) for name in STYLES.values())
    return regular.letters & bold.letters if regular and bold else frozenset()


def _beyond(report: Report, fonts: Path) -> Collection[str]:
    """The letters of a report that take another font than the studio's own."""
    known, every = _own(fonts), set(json.dumps(asdict(report), ensure_ascii=False, default=str))
    return {letter for letter in every if ord(letter) not in known and unicodedata.category(letter) not in NO_SHAPE}


def _is_leftwards(text: str) -> bool:
    """Whether a text begins with a letter that is written from right to left."""
    first = next((kind for kind in map(unicodedata.bidirectional, text) if kind in ("L", "R", "AL")), "L")
    return first != "L"


def _conclusion(paper: Paper, report: Report) -> None:
    paper.small(report.about)
    colour = AMBER if report.is_overridden else TONES[report.decision]
    paper.write(report.headline, size=26, bold=True, colour=colour, gap=2)
    if report.override:
        paper.write(report.override, bold=True, colour=AMBER, gap=2)
    paper.write(report.sentence, size=12, gap=2)
    for warning in report.warnings:
        paper.write(f"▲ {warning}", bold=True, colour=AMBER)
    if report.next_step:
        paper.write(f"Next: {report.next_step}", bold=True)
    paper.heading("How often the fine-tuned answer is preferred")
    for band in report.bands:
        _band(paper, band)
    paper.small(
        f"The dot is what was seen. The bar is where the true preference lies, {100 * report.bands[0].level:g} % sure, "
        "however often anybody looked. The dashed "
        f"line is 50 %, no difference; the solid one what it takes to ship ({100 * report.bands[0].target:.0f} %)."
    )
    paper.heading("Gates")
    for lamp in report.lamps:
        _lamp(paper, lamp)
    if not report.lamps:
        paper.small("No gate was frozen with this comparison; people alone decided.")
    paper.small(report.exact)
    _listed(paper, "Where it is worse", report.worse)
    _listed(paper, "To keep in mind", report.caveats)
    _listed(paper, "How well the blind held", report.blind)
    _account(paper, report.account)


def _account(paper: Paper, account: Account) -> None:
    """How many prompts each figure is of."""
    paper.heading("Which prompts these figures are of")
    for line in account.lines:
        parts = f" ({line.sealed:,} sealed, {line.own:,} somebody's own)" if line.own else ""
        paper.write(f"{line.every:,}  {line.what}{parts}", size=9, gap=0.3)
    paper.small(account.why)


def _listed(paper: Paper, title: str, said: Sequence[str]) -> None:
    if not said:
        return
    paper.heading(title)
    for sentence in said:
        paper.write(sentence if len(said) == 1 else f"• {sentence}", size=9, gap=0.6)


def _band(paper: Paper, band: Band) -> None:
    pdf = paper.pdf
    paper.make_room(40)
    paper.write(f"Against {band.title}: {band.headline} {band.score}", size=9, gap=0.5)
    left, top, width = MARGIN + 2, pdf.get_y(), pdf.w - 2 * MARGIN - 4

    def at(share: float) -> float:
        return left + width * share

    pdf.set_draw_color(*QUIET)
    pdf.set_line_width(0.2)
    pdf.line(left, top + 8, left + width, top + 8)
    pdf.set_fill_color(*TONES[band.decision])
    pdf.rect(at(band.low), top + 2.2, max(0.4, width * (band.high - band.low)), 3.6, style="F")
    pdf.set_dash_pattern(dash=0.8, gap=0.8)
    pdf.line(at(0.5), top, at(0.5), top + 8)
    pdf.set_dash_pattern()
    pdf.set_draw_color(*INK)
    pdf.set_line_width(0.45)
    pdf.line(at(band.target), top, at(band.target), top + 8)
    if band.share is not None:
        pdf.set_fill_color(*INK)
        pdf.circle(x=at(band.share), y=top + 4, radius=2.1, style="F")
    pdf.set_font(FONT, size=7)
    pdf.set_text_color(*QUIET)
    for share, words in ((0.0, "0 %"), (0.5, "50 %"), (1.0, "100 %")):
        pdf.text(at(share) - pdf.get_string_width(words) * share, top + 11.2, words)
    pdf.set_y(top + 13)


def _lamp(paper: Paper, lamp: Lamp) -> None:
    colour, sign = LIGHTS[lamp.light]
    shown_only = " (shown only)" if lamp.is_shown_only else ""
    paper.write(f"{sign} {lamp.light}: {lamp.title}{shown_only}", size=9.5, bold=True, colour=colour, gap=0.2)
    paper.write(lamp.sentence, size=9, indent=4)


def _chapter(paper: Paper, chapter: Chapter) -> None:
    paper.heading(chapter.title, room=75)
    for place, each in enumerate(chapter.examples, start=1):
        paper.make_room(60)
        own = " (somebody's own prompt)" if each.is_own else ""
        paper.write(f"{place}. {each.question}{own}", bold=True)
        texts = [("Fine-tuned", each.tuned), (chapter.other, each.other), ("Reference from the data", each.reference)]
        for title, text in texts:
            if text:
                paper.make_room(36)
                paper.small(title, indent=4)
                paper.write(text, size=9, indent=4, fill=SOFT)
        if each.tuned == each.other:
            paper.small("Both answers are word for word the same.", indent=4)
        if each.comment:
            paper.small(f"A rater wrote: {each.comment}", indent=4)


def _facts(paper: Paper, facts: Sequence[tuple[str, str]]) -> None:
    for name, said in facts:
        paper.write(name, size=8.5, bold=True, colour=QUIET, gap=0.2)
        paper.write(said, size=9.5, gap=1.6)


def _admissions(paper: Paper) -> None:
    """What this document does not show as it was written."""
    if not paper.missing and not paper.cut:
        return
    paper.heading("What this PDF does not show")
    if paper.missing:
        named = sorted({script(letter) for letter in paper.missing})
        paper.write(
            f"{len(paper.missing):,} letters cannot be set with the fonts of this PDF and stand as {MISSING} "
            f"({', '.join(named)}). The page and the HTML report show them as they were written; printed from a "
            f"browser they are a PDF that shows them too.{_advice(named)}"
        )
    if paper.cut:
        paper.write(f"{paper.cut:,} long texts are cut, and say by how much; the HTML report has them whole.")


def _advice(named: Sequence[str]) -> str:
    """What whoever runs the studio can do about it."""
    return f" To have them here: {FIX[0].lower()}{FIX[1:]}" if {"Chinese", "Japanese", "Korean"} & set(named) else ""

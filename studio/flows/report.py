"""Report: a verdict as a page that needs nothing but a browser, and as a PDF."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from studio.data.veiling import DOTS, veiled
from studio.domain.errors import RecipeError
from studio.domain.gate import read_gates
from studio.domain.gate_names import name_of
from studio.domain.gate_result import GateResult
from studio.domain.protocol import Rival
from studio.domain.report import WAITING, Chapter, Figures, Lamp, Report, Told
from studio.domain.study import Study
from studio.domain.verdict import HEADLINES, Decision
from studio.flows import bring, decide, models, opinion, sharing
from studio.flows.decide import Against, Decided, Example
from studio.flows.paper import pdf_of
from studio.flows.studio import ASSETS, Studio
from studio.verdict.accounting import account
from studio.verdict.ruling import doubts
from studio.verdict.telling import (
    agreement_words,
    band,
    contest_figures,
    gate_figures,
    mark_figures,
    opinion_figures,
    place_figures,
    worse_places,
)
from studio.verdict.wording import count, listed, of

SECTIONS = (
    ("wins", "Where the fine-tuned answer won"),
    ("losses", "Where it lost"),
    ("both_bad", "Where both were bad"),
)
WHOLE = ("conclusion", "examples", "method")
DETAILS = ("conclusion", "details", "method")
LONGEST = 20_000  # characters of a text on a page
HIDDEN = "Secrets and personal data in the texts are shown here without their middle"
WAIT = "Wait until the gates are judged; this page shows each as soon as it is known."
KEPT_APART = "Opponents and the fine-tuned model answered beforehand, with the same template and the same settings."


def told(studio: Studio, decided: Decided) -> Report:
    """Everything that is shown of a verdict, in the order in which it is read."""
    ruling, protocol = decided.ruling, decided.study.protocol
    judged = [(each.rival, each.verdict.tally.rated, each.own) for each in decided.against]
    target, is_doubted = 0.5 + protocol.margin, bool(doubts(ruling.lights))
    chapters = tuple(chapter for each in decided.against for chapter in _chapters(each))
    return Report(
        name=decided.run.name,
        about=_about(decided),
        decision=ruling.stands,
        is_overridden=ruling.override is not None,
        headline=ruling.title,
        sentence=ruling.sentence,
        next_step=_next_step(decided),
        override=ruling.override_sentence,
        warnings=tuple(_warnings(decided)),
        bands=tuple(band(each.rival, each.verdict, target=target, is_doubted=is_doubted) for each in decided.against),
        lamps=tuple(_lamps(decided)),
        exact=_exact(decided),
        account=account(protocol, judged, read_gates(protocol.gates)),
        worse=worse_places([(each.rival, each.places) for each in decided.against]),
        blind=tuple(_blind(decided)),
        agreement=agreement_words(decided.agreement),
        caveats=(*ruling.caveats, *_lengths(decided)),
        chapters=chapters,
        done=tuple(_done(decided)),
        data=(*_data(studio, decided), *_hidden(chapters)),
        figures=(*_figures(decided), *_opinions(studio, decided)),
    )


def report_of(studio: Studio, study_id: str, *, for_others: bool = False) -> Report:
    """The report of a closed study; StudyError before it is closed.

    For others it names nobody who rated, and says nothing of what to do next in a studio that they do not see.
    """
    decided = decide.verdict(studio, study_id)
    if not for_others:
        return told(studio, decided)
    unnamed = (replace(each, name=f"rater {place}") for place, each in enumerate(decided.raters, start=1))
    return replace(told(studio, replace(decided, raters=tuple(unnamed))), next_step="")


def _next_step(decided: Decided) -> str:
    """What to do; while gates that decide are being judged, that is to wait."""
    is_open = any(contest.verdict.decision is Decision.NOT_YET for contest in decided.ruling.contests)
    if decided.judging.is_live and decided.ruling.stands is Decision.NOT_YET and not is_open:
        return WAIT
    return decided.ruling.what_next


def _about(decided: Decided) -> str:
    rivals = [each.rival.title for each in decided.against]
    names = rivals[0] if len(rivals) == 1 else f"{', '.join(rivals[:-1])} and {rivals[-1]}"
    people = count(sum(each.judged > 0 for each in decided.raters), "person").replace("persons", "people")
    return f"{decided.run.name} against {names} · judged blind by {people} · {_day(decided.study)}"


def _day(study: Study) -> str:
    return f"{study.closed_at:%-d %B %Y}" if study.closed_at else ""


def _lamps(decided: Decided) -> Iterator[Lamp]:
    """What shows a light, and the gates of which nothing is known yet."""
    for one in decided.ruling.lights:
        yield Lamp(one.title, one.light, one.sentence, not one.is_required)
    said = "It is being judged." if decided.judging.is_live else "It was not judged yet."
    for gate in decided.judging.waiting:
        yield Lamp(name_of(gate), WAITING, said, not gate.is_required)


def _warnings(decided: Decided) -> Iterator[str]:
    """What would make the whole comparison pointless, or part of it; first what is not known yet."""
    if decided.judging.sentence:
        yield decided.judging.sentence
    if decided.ruling.decision is Decision.DONT_SHIP and (found := doubts(decided.ruling.lights)):
        yield f"The votes cannot be relied on: {listed(found)}."
    for each in decided.against:
        if each.equal == each.total:
            yield (
                f"All {count(each.total, 'answer')} of the fine-tuned model are word for word those of "
                f"{each.rival.title}: training changed nothing that can be seen here, or it was not used."
            )
    some = [each for each in decided.against if 0 < each.equal < each.total]
    if some:
        named = "; ".join(f"{each.rival.title} on {of(each.equal, each.total)} prompts" for each in some)
        yield f"The fine-tuned model's answers are word for word those of {named}. There, nothing can be preferred."
    sides = [("the fine-tuned model", decided.cut), *((each.rival.title, each.cut) for each in decided.against)]
    if cut := ", ".join(f"{of(number, decided.total)} of {title}" for title, number in sides if number):
        most = decided.study.protocol.sampling.max_new_tokens
        yield f"Answers that were cut off at {most} tokens, and judged as they stood: {cut}."
    met = {each.rival for each in decided.against}
    if missing := [rival.title for rival in Rival if rival not in met]:
        yield f"Not compared with {' and '.join(missing)}: this cannot say that training beats what costs less."
    own = decided.study.protocol.own_prompts
    if own:
        judged = decided.study.protocol.cap
        yield f"{of(own, judged)} prompts that people judged are somebody's own, not sealed test rows; they are marked."


def _exact(decided: Decided) -> str:
    if not decided.referenced:
        return "No prompt has a reference answer that could be met exactly."
    others = ", ".join(f"{each.rival.title} {each.exact:,}" for each in decided.against)
    return f"Exactly the reference answer: fine-tuned {decided.exact:,} of {decided.referenced:,}; {others}."


def _blind(decided: Decided) -> Iterator[str]:
    yield decided.blind.sentence
    yield decided.identical.sentence
    yield decided.sides.sentence
    if decided.recurring:
        again = "showed a fine-tuned answer that the same person had judged against another opponent"
        yield f"{count(decided.recurring, 'vote')} {again}; whoever noticed could have known it by that."


def _lengths(decided: Decided) -> Iterator[str]:
    """Where length or side, not content, may have made the result."""
    for each in decided.against:
        if each.details.adjusted and each.details.adjusted.differs:
            yield f"Against {each.rival.title}: {each.details.adjusted.sentence}"


def _chapters(each: Against) -> Iterator[Chapter]:
    for name, title in SECTIONS:
        examples: tuple[Example, ...] = getattr(each, name)
        if examples:
            pairs = tuple(
                Told(
                    question=_readable(one.question),
                    tuned=_readable(one.tuned),
                    other=_readable(one.other),
                    reference=_readable(one.reference),
                    comment=_readable(one.comment),
                    is_own=one.is_own,
                )
                for one in examples
            )
            other = each.rival.title
            yield Chapter(each.rival.value, f"{title} against {other}", other[:1].upper() + other[1:], pairs)


def _readable(text: str) -> str:
    """A text as long as anybody reads it on a page, without the middle of what is personal; the votes have it whole."""
    shown = veiled(text[:LONGEST]).shown
    return shown if len(text) <= LONGEST else f"{shown} … (goes on for {len(text) - LONGEST:,} characters)"


def _hidden(chapters: Iterable[Chapter]) -> Iterator[tuple[str, str]]:
    texts = (
        t for each in chapters for one in each.examples for t in (one.question, one.tuned, one.other, one.reference)
    )
    if any(DOTS in text for text in texts):
        yield "Hidden", f"{HIDDEN} ({DOTS}). Raters saw the texts whole, and the votes as files have them whole."


def _done(decided: Decided) -> Iterator[tuple[str, str]]:
    """What was done and by whom."""
    study, protocol = decided.study, decided.study.protocol
    pairs = f"{count(protocol.cap, 'prompt')} against each of {count(len(decided.against), 'opponent')}"
    yield "Asked", f"“{protocol.criterion}”, on {pairs}"
    if protocol.rubric:
        yield "Rubric", protocol.rubric
    yield "Answers", f"{KEPT_APART} Raters saw two texts, on sides drawn by the server, until the rating was closed."
    yield "Judged by", "; ".join(_rater(each.name, each.judged, each.skipped) for each in decided.raters) or "nobody"
    yield "Raters agree", agreement_words(decided.agreement)
    yield "Bar", decided.ruling.reasons[-1]
    yield "Fixed beforehand", f"protocol {study.fingerprint}, frozen {study.created_at:%-d %B %Y, %H:%M UTC}"
    weights = protocol.candidate.weights[:16]
    yield "Model", f"{decided.run.name}, checkpoint at step {study.checkpoint_step:,}, weights {weights}"
    for given in decided.overrides:
        said = f"{given.by}, {given.at:%-d %B %Y}: {HEADLINES[given.decision]} {given.reason}"
        yield "Decided otherwise", said


def _rater(name: str, judged: int, skipped: int) -> str:
    return f"{name} ({judged:,} judged{f', {skipped:,} skipped' if skipped else ''})"


def _data(studio: Studio, decided: Decided) -> Iterator[tuple[str, str]]:
    dataset = bring.dataset(studio, decided.run.dataset_id)
    yield "Data", f"{dataset.title}, {count(dataset.rows, 'row')}, fingerprint {dataset.fingerprint[:16] or 'unknown'}"
    sealed = decided.total - decided.study.protocol.own_prompts
    yield "Prompts", f"{sealed:,} sealed test rows, which training never saw"
    try:
        model = models.model(studio, decided.run.model_id)
    except RecipeError:
        yield "Base model", f"{decided.run.model_id}; it is not there any more, so its licence cannot be told"
        return
    licence = model.licence
    yield "Base model", model.title
    parts = (licence.short, licence.redistribution, licence.attribution, licence.limits)
    yield "Licence", " ".join(f"{part.rstrip('.')}." for part in parts if part)


def _figures(decided: Decided) -> Iterator[Figures]:
    """Every number, for whoever wants to check."""
    bar = decided.study.protocol.bar
    for each in decided.against:
        yield contest_figures(each.rival, each.verdict, each.details, bar=bar)
        if each.marks:
            yield mark_figures(each.rival, each.marks)
        if each.places:
            yield place_figures(each.rival, each.places)
    for light in decided.ruling.lights:
        if isinstance(light, GateResult):
            yield from gate_figures(light)
    blind, same = decided.blind, decided.identical
    index = f"{blind.index:.2f}" if blind.index is not None else "–"
    if blind.interval:
        index += f" (95 % {blind.interval.low:.2f} to {blind.interval.high:.2f})"
    yield Figures(
        "The blind",
        ("Figure", "Value"),
        (
            ("Guesses: right, wrong, unsure", f"{blind.correct:,}, {blind.mistaken:,}, {blind.unsure:,}"),
            ("Bang's blinding index", index),
            ("Identical pairs: left, right, equal", f"{same.left:,}, {same.right:,}, {same.equal:,}"),
            ("Votes on an answer that the same person had seen before", f"{decided.recurring:,}"),
        ),
    )  # fmt: skip


def _opinions(studio: Studio, decided: Decided) -> Iterator[Figures]:
    """What models say that were asked, by their names alone: where they are reached is nobody's business here."""
    for advice in opinion.opinion(studio, decided.study.id):
        if advice.tally.replies and not advice.job.is_live:
            said = [(each.opponent, each.tally, each.grades) for each in advice.against]
            yield opinion_figures(
                advice.judge.model, said, whole=advice.tally, both=advice.alike, belief=advice.reliability
            )


def body(report: Report, part: str, *, opponent: str = "", assets: Path = ASSETS) -> str:
    """One part of a report as HTML: "conclusion", "examples", "method" or "details"; every text in it is escaped."""
    return _environment(assets).get_template("verdict.html.jinja").render(
        report=report, part=part, opponent=opponent
    )  # fmt: skip


def page(
    report: Report,
    *,
    parts: tuple[str, ...] = WHOLE,
    links: tuple[tuple[str, str], ...] = (),
    assets: Path = ASSETS,
) -> str:
    """A whole page that needs nothing but a browser: no script in it, and no address but those of `links`."""
    made = (body(report, part, assets=assets) for part in parts)
    inner = Markup("").join(map(Markup, made))  # `body` has escaped every text in it
    style = Markup((assets / "verdict.css").read_text(encoding="utf-8"))  # noqa: S704  the studio's own file
    return _environment(assets).get_template("report.html.jinja").render(
        report=report, inner=inner, style=style, links=links, made=datetime.now(UTC).strftime("%-d %B %Y, %H:%M UTC")
    )  # fmt: skip


def report_page(studio: Studio, study_id: str) -> str:
    """The report of a closed study as HTML."""
    return page(report_of(studio, study_id), assets=studio.assets)


def details_page(studio: Studio, study_id: str) -> str:
    """Every number of a closed study as HTML."""
    return page(report_of(studio, study_id), parts=DETAILS, assets=studio.assets)


def report_html(studio: Studio, study_id: str) -> Path:
    """The report as a file to send, with every number at its end."""
    report = report_of(studio, study_id)
    target = studio.workspace.exports / f"{study_id}-verdict.html"
    whole = page(report, parts=(*WHOLE, "details"), assets=studio.assets)
    target.write_text(whole, encoding="utf-8")
    return target


@cache
def _environment(assets: Path) -> Environment:
    """What renders the templates; kept, since reading them takes longer than filling them."""
    return Environment(loader=FileSystemLoader(assets), autoescape=True, trim_blocks=True, lstrip_blocks=True)


def shared_page(studio: Studio, token: str, *, details: bool = False) -> str:
    """The page at an address of its own, or that of its details, with the ways from one to the other and to the PDF."""
    other = ("The verdict", f"/verdict/{token}") if details else ("Every number", f"/verdict/{token}/details")
    told, parts = report_of(studio, sharing.study_at(studio, token), for_others=True), DETAILS if details else WHOLE
    return page(told, parts=parts, links=(other, ("As a PDF", f"/verdict/{token}.pdf")), assets=studio.assets)


def report_pdf_bytes(studio: Studio, study_id: str, *, for_others: bool = False) -> bytes:
    """The report as a PDF."""
    made = datetime.now(UTC).strftime("%-d %B %Y, %H:%M UTC")
    return pdf_of(report_of(studio, study_id, for_others=for_others), fonts=studio.assets / "fonts", made=made)


def report_pdf(studio: Studio, study_id: str) -> Path:
    """The report as a PDF to send."""
    target = studio.workspace.exports / f"{study_id}-verdict.pdf"
    target.write_bytes(report_pdf_bytes(studio, study_id))
    return target

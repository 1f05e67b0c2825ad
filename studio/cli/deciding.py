"""Deciding: what a closed study shows, who may read it, and what becomes of its votes."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from studio.cli import gating
from studio.cli.output import Json, answer, verb
from studio.cli.rating import StudyId
from studio.cli.workspace import opened
from studio.domain.errors import StudyError
from studio.domain.verdict import Decision
from studio.flows import compare, decide, preferences, report, sharing, votes
from studio.flows.decide import Decided


@verb
def verdict(
    study: StudyId,
    report_to: Annotated[Path | None, typer.Option("--report", help="Also write the HTML report here.")] = None,
    pdf: Annotated[Path | None, typer.Option(help="Also write the report as PDF here.")] = None,
    details: Annotated[bool, typer.Option(help="Also print every number.")] = False,
    json: Json = False,
) -> None:
    """Say what a closed study shows, once its gates are judged."""
    studio = opened()
    gating.judged(studio, compare.study(studio, study), again=False)
    decided = decide.verdict(studio, study)
    told = report.told(studio, decided)
    if report_to is not None:
        _written(report_to, lambda: report.report_html(studio, study))
    if pdf is not None:
        _written(pdf, lambda: report.report_pdf(studio, study))
    words = [f"{told.headline} {told.override or told.sentence}", *decided.ruling.reasons, f"Next: {told.next_step}"]
    words += [*told.warnings, *told.worse, *told.caveats]
    for figures in told.figures if details else ():
        words += ["", figures.title, *("  " + "  ".join(row) for row in figures.rows)]
    answer(json, _values(decided) | ({"details": told.figures} if details else {}), "\n".join(words))


def _values(decided: Decided) -> dict[str, Any]:
    ruling = decided.ruling
    return {
        "study": decided.study.id, "run": decided.run.id, "protocol": decided.study.fingerprint,
        "decision": ruling.decision, "stands": ruling.stands, "headline": ruling.title, "sentence": ruling.sentence,
        "reasons": ruling.reasons, "next_step": ruling.what_next, "override": ruling.override,
        "contests": [_contest(each) for each in decided.against],
        "lights": [
            {"kind": light.kind, "title": light.title, "light": light.light, "sentence": light.sentence,
             "is_required": light.is_required}
            for light in ruling.lights
        ],
        "gates": gating.gate_values(decided.judging),
        "more_needed": ruling.more_needed, "minutes_needed": ruling.minutes_needed, "caveats": ruling.caveats,
        "exact": {"tuned": decided.exact, "total": decided.referenced}, "agreement": decided.agreement,
        "blind": decided.blind, "raters": decided.raters,
    }  # fmt: skip


def _contest(each: decide.Against) -> dict[str, Any]:
    said = each.verdict
    return {
        "opponent": each.rival, "decision": said.decision, "headline": said.headline, "sentence": said.sentence,
        "tally": said.tally, "evidence": said.evidence, "side_bias": said.side_bias, "places": each.places,
        "exact": each.exact, "equal_answers": each.equal,
    }  # fmt: skip


@verb
def override(
    study: StudyId,
    decision: Annotated[Decision, typer.Option(help="What holds instead of the rule.")],
    reason: Annotated[str, typer.Option(help="Why, in a sentence that others understand later.")],
    by: Annotated[str, typer.Option(help="Who decided.")],
    json: Json = False,
) -> None:
    """Decide otherwise than the rule; the reason is shown with every verdict."""
    studio = opened()
    gating.judged(studio, compare.study(studio, study), again=False)
    decided = decide.override(studio, study, decision=decision, reason=reason, by=by)
    answer(json, _values(decided), f"{decided.ruling.title} {decided.ruling.override_sentence}")


@verb
def share(
    study: StudyId,
    label: Annotated[str, typer.Option("--for", help="For whom the link is.")] = "",
    take_back: Annotated[str | None, typer.Option(help="Take a link back, by its id.")] = None,
    json: Json = False,
) -> None:
    """Make a link by which the verdict can be read without the studio, or take one back."""
    studio = opened()
    if take_back is not None:
        sharing.take_back(studio, study, take_back)
        answer(json, {"study": study, "taken_back": take_back}, f"{take_back}: taken back.")
        return
    link = sharing.share(studio, study, label)
    values = {"study": study, "link": link.id, "address": sharing.address(link)}
    answer(json, values, f"{sharing.address(link)}  (take it back: study share {study} --take-back {link.id})")


@verb
def export_votes(
    study: StudyId,
    to: Annotated[Path, typer.Option(help="A file that ends in .csv or .jsonl.")],
    json: Json = False,
) -> None:
    """Write all votes with sides and texts, as CSV for a spreadsheet or as JSONL."""
    makers = {".csv": votes.votes_csv, ".jsonl": votes.votes_jsonl}
    make = makers.get(to.suffix.lower())
    if make is None:
        raise StudyError(f"{to.name} is no name for votes.", fix="Let it end in .csv or .jsonl.")
    studio = opened()
    _written(to, lambda: make(studio, study))
    answer(json, {"study": study, "file": to}, f"Written to {to}.")


@verb
def make_preferences(
    study: StudyId,
    yes: Annotated[bool, typer.Option("--yes", help="Test prompts may become training data.")] = False,
    json: Json = False,
) -> None:
    """Make a dataset of better and worse answers from the votes, ready for DPO."""
    studio = opened(working=True)
    found = preferences.pairs(studio, study)
    made = preferences.bring_pairs(studio, study, is_confirmed=yes)
    values = {"study": study, "dataset": made.id, "rows": len(found.rows), "left_out": found.left_out}
    answer(json, values, f"{made.id}: {made.name}. {found.sentence}")


def _written(target: Path, make: Callable[[], Path]) -> None:
    """Write what is made to a place of the user's; StudyError where that cannot be done."""
    made = make()
    try:
        shutil.copyfile(made, target)
    except OSError as error:
        why = (error.strerror or "unknown reason").lower()
        raise StudyError(f"{target} could not be written: {why}.", fix="Name another file.") from error

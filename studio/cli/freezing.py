"""Freezing: make a comparison on the command line, try a prompt for it, and show what was frozen."""

import os
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from studio.cli.output import Json, answer, verb
from studio.cli.workspace import opened
from studio.domain.errors import StudyError
from studio.domain.protocol import DEFAULT_TWICE, Rival
from studio.domain.sampling import Sampling
from studio.domain.study import Study, StudyState
from studio.flows import asking, compare, draft, prompting, shots, train
from studio.flows.draft import Wanted
from studio.flows.own import text_of
from studio.flows.prompting import Try
from studio.flows.studio import Studio

RUN = Annotated[str, typer.Argument(metavar="RUN")]
GATE_FIX = 'Write --gate \'{"kind": "exact"}\'.'
NAMES = {"base": Rival.BASE, "prompt": Rival.PROMPT, "few-shot": Rival.FEW_SHOT}


def values(study: Study) -> dict[str, Any]:
    return {
        "study": study.id, "run": study.run_id, "state": study.state, "prompts": study.protocol.cap,
        "protocol": study.fingerprint, "step": study.checkpoint_step,
    }  # fmt: skip


@verb
def create(
    run: RUN,
    against: Annotated[str, typer.Option(help="Opponents: base, prompt, few-shot, or several of them.")] = "base",
    prompt_file: Annotated[
        Path | None, typer.Option(help="The best prompt; proposed from the data if left out.")
    ] = None,
    examples: Annotated[str, typer.Option(help="Lines of training rows, 12,40; proposed if left out.")] = "",
    own: Annotated[Path | None, typer.Option(help="Prompts of your own: one a line, or JSONL.")] = None,
    rubric: Annotated[Path | None, typer.Option(help="What raters should look at, as a text file.")] = None,
    question: Annotated[str, typer.Option(help="What “better” should mean.")] = draft.QUESTION,
    cap: Annotated[int | None, typer.Option("--cap", "--prompts", help="Prompts judged against each.")] = None,
    twice: Annotated[float, typer.Option(help="The share that a second person judges.")] = DEFAULT_TWICE,
    identical: Annotated[
        int | None, typer.Option(help="Pairs with one answer on both sides; a few if left out.")
    ] = None,
    margin: Annotated[float, typer.Option(help="By how much it must be preferred over .5.")] = 0.05,
    gate: Annotated[list[str] | None, typer.Option(help='A gate as JSON: {"kind": "exact"}.')] = None,
    mask: Annotated[str, typer.Option(help="Words that raters see as \\[name], between commas.")] = "",
    unasked: Annotated[bool, typer.Option(help="Ask only prompts that no earlier study asked.")] = False,
    longest: Annotated[int, typer.Option(help="Tokens that an answer may have.")] = Sampling().max_new_tokens,
    temperature: Annotated[
        float, typer.Option(help="0 takes the likeliest word each time; more draws, alike for all.")
    ] = Sampling().temperature,
    step: Annotated[str, typer.Option(help="Checkpoints, 40,80, a study for each; the best if left out.")] = "",
    wait: Annotated[bool, typer.Option(help="Return when all answers are written.")] = True,
    json: Json = False,
) -> None:
    """Freeze a comparison and have every contestant's answers to every prompt written."""
    rivals = [_rival(name) for name in _parts(against)]
    studio = opened(working=True)
    chosen = _examples(studio, run, examples) if Rival.FEW_SHOT in rivals else ()
    text = _instructions(studio, run, prompt_file) if Rival.PROMPT in rivals else ""
    wanted = Wanted(
        opponents=draft.against(rivals, instructions=text, shown=[shot.fingerprint for shot in chosen]),
        examples=tuple(shot.row.number for shot in chosen),
        cap=cap,
        own=text_of(str(own)) if own else "",
        question=question,
        rubric=_text(rubric),
        margin=margin,
        twice=twice,
        identical=identical,
        gates=tuple(map(_gate, gate or ())),
        sampling=Sampling(max_new_tokens=longest, temperature=temperature),
        masked=tuple(_parts(mask)),
        unasked=unasked,
    )
    key, steps = f"cli:{time.time_ns()}:{os.getpid()}", _numbers(step, "--step")
    known = draft.draft(studio, run, wanted, step=steps[0] if steps else None).warnings
    made = compare.freeze_each(studio, run, wanted, steps=steps, key=key)
    _tell(studio, [_written(studio, each) if wait else each for each in made], known, json=json)


def _written(studio: Studio, study: Study) -> Study:
    train.wait(studio, study.job.id)
    found = compare.study(studio, study.id)
    if found.state is not StudyState.OPEN:
        raise StudyError(found.job.message, fix=found.job.fix)
    return found


def _tell(studio: Studio, made: list[Study], known: Sequence[str], *, json: bool) -> None:
    """One study, or the first with all of them under `studies`; `known` is what was odd about them beforehand."""
    told = [values(each) | {"rating_token": compare.invitation(studio, each.id).token} | _about(each) for each in made]
    for each in told:
        each["warnings"] = list(dict.fromkeys((*each["warnings"], *known)))
    lines = [
        f"{each.id}: {each.protocol.cap} prompts, {each.state}. Rate them at /rate/?t={one['rating_token']}"
        for each, one in zip(made, told, strict=True)
    ]
    answer(json, told[0] | ({"studies": told} if len(told) > 1 else {}), "\n".join([*lines, *told[0]["warnings"]]))


def _about(study: Study) -> dict[str, Any]:
    protocol = study.protocol
    return {
        "opening": protocol.opening, "bar": protocol.bar, "alpha": protocol.alpha, "opponents": study.contestants[1:],
        "warnings": draft.warnings(protocol), "bar_sentence": draft.bar_sentence(protocol.opening),
    }  # fmt: skip


@verb
def show(study: Annotated[str, typer.Argument(metavar="STUDY")], json: Json = False) -> None:
    """Show what was frozen: the protocol with its fingerprint, the opening, and the evidence that it asks for."""
    studio = opened()
    found = compare.study(studio, study)
    shown = [[asdict(turn) for turn in turns] for turns in asking.shown_examples(studio, study, Rival.FEW_SHOT)]
    frozen = orjson.loads(found.protocol.canonical)
    far = compare.progress(studio, study)
    told = values(found) | _about(found) | {"frozen": frozen, "examples": shown}
    told |= {"rated": far.rated, "total": far.total, "raters": far.raters, "result": found.job.result}
    lines = [f"{found.id}: {found.name}, {found.state}, {far.rated} of {far.total} pairs rated"]
    lines += [f"  against {opponent.rival.title}" for opponent in found.protocol.opponents]
    lines += [f"  {found.protocol.criterion}", f"  {draft.bar_sentence(found.protocol.opening)}"]
    answer(json, told, "\n".join([*lines, f"  protocol {found.fingerprint}"]))


@verb
def try_prompt(
    run: RUN,
    prompt_file: Annotated[Path | None, typer.Option(help="The prompt; as proposed from the data if left out.")] = None,
    rows: Annotated[int, typer.Option(help="How many validation rows.")] = prompting.ROWS,
    json: Json = False,
) -> None:
    """Have the base model answer validation rows with a prompt and without one; test rows are never used."""
    studio = opened(working=True)
    job = prompting.start(studio, run, _instructions(studio, run, prompt_file), rows=rows)
    train.wait(studio, job.id)
    every = prompting.tries(studio, run)
    tried, best = next(each for each in every if each.job.id == job.id), prompting.best(every)
    if not tried.is_whole:
        raise StudyError(tried.job.message, fix=tried.job.fix)
    answer(json, _tried(tried) | {"tries": len(every), "best": best.number if best else None}, _tried_words(tried))


def _tried(tried: Try) -> dict[str, Any]:
    return {
        "try": tried.number, "prompt": tried.instructions, "rows": tried.wanted, "equal": tried.equal,
        "in_form": tried.fitting, "in_form_without": tried.fitting_alone, "form": tried.form.title,
        "answers": [asdict(row) for row in tried.rows],
    }  # fmt: skip


def _tried_words(tried: Try) -> str:
    said = f"{tried.equal} of {tried.wanted} answers equal your data's; {tried.fitting} have its form"
    return f"Try {tried.number}: {said} ({tried.form.title}), {tried.fitting_alone} without the prompt."


def _rival(name: str) -> Rival:
    if name not in NAMES:
        raise StudyError(f"There is no opponent called {name}.", fix=f"Use {', '.join(NAMES)}.", field="against")
    return NAMES[name]


def _instructions(studio: Studio, run: str, path: Path | None) -> str:
    return _text(path) if path else prompting.proposal(studio, run)


def _examples(studio: Studio, run: str, lines: str) -> tuple[shots.Shot, ...]:
    if not lines:
        return shots.proposed(studio, run)
    return shots.shots(studio, run, shots.at_lines(studio, run, _numbers(lines, "--examples")))


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _numbers(text: str, option: str) -> list[int]:
    if not all(part.isdigit() for part in _parts(text)):
        raise StudyError(f"{text} are no numbers.", fix=f"Write {option} 12,40.")
    return [int(part) for part in _parts(text)]


def _gate(text: str) -> dict[str, Any]:
    try:
        read = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise StudyError("A gate is not JSON.", fix='Write --gate \'{"kind": "exact"}\'.', field="gates") from error
    if not isinstance(read, dict):
        raise StudyError("A gate is an object of JSON.", fix='Write --gate \'{"kind": "exact"}\'.', field="gates")
    return read


def _text(path: Path | None) -> str:
    if path is None:
        return ""
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise StudyError(f"{path} cannot be read as text.", fix="Name a text file in UTF-8.") from error

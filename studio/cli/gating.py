"""Gating: which gates suit a run, as `study create --gate` takes them; and what those of a closed study show."""

from typing import Annotated, Any

import typer

from studio.cli.output import Json, answer, say, verb
from studio.cli.workspace import keep_working, opened
from studio.domain.errors import StudyError
from studio.domain.gate_names import TITLES
from studio.domain.study import Study
from studio.flows import compare, gates, lights, train
from studio.flows.lights import Judging
from studio.flows.studio import Studio

STUDY = "study-"  # how the ids of studies begin


@verb
def show(
    of: Annotated[str, typer.Argument(metavar="RUN|STUDY")],
    prompts: Annotated[int | None, typer.Option(help="How many prompts will be asked; margins fit them.")] = None,
    json: Json = False,
) -> None:
    """Propose gates from a run's answers for `study create --gate`, or say what those of a closed study show.

    It waits until they are judged.
    """
    studio = opened()
    if of.startswith(STUDY):
        _tell(studio, compare.study(studio, of), as_json=json)
        return
    found = gates.proposed(studio, of, prompts=prompts)
    told = [{"gate": each.gate.model_dump(mode="json"), "reason": each.reason, "needs": each.needs} for each in found]
    lines = [f"{TITLES[each.gate.kind]}: {each.reason}\n  --gate '{each.gate.model_dump_json()}'" for each in found]
    answer(json, told, "\n".join(lines))


def judged(studio: Studio, study: Study, *, again: bool) -> Judging:
    """How far the gates are once nothing is judged any more; with `again` also what could not be judged before."""
    far = lights.judging(studio, study)
    if again or far.job is None:
        lights.begin(studio, study)
        far = lights.judging(studio, study)
    if far.job and far.is_live:
        keep_working(studio)
        train.wait(studio, far.job.id)
    return lights.judging(studio, study)


def gate_values(far: Judging) -> list[dict[str, Any]]:
    """What is known of each gate, for programs; `light` is null while nothing is."""
    return [
        {"kind": gate.kind, "is_required": gate.is_required}
        | ({"title": found.title, "light": found.light, "sentence": found.sentence} if found else {"light": None})
        for gate, found in zip(far.gates, far.results, strict=True)
    ]


def _tell(studio: Studio, study: Study, *, as_json: bool) -> None:
    far = judged(studio, study, again=True)
    lines = [f"{found.light:<5}  {found.title}: {found.sentence}" for found in far.known]
    if far.unknown and far.job:
        if not as_json:
            say("\n".join(lines))
        raise StudyError(far.job.message or far.sentence, fix=far.job.fix or "Ask again for the rest.")
    told = {"study": study.id, "gates": gate_values(far)}
    answer(as_json, told, "\n".join(lines) or "No gate was frozen with this comparison.")

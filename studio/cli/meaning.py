"""Meaning: which rows ask for the same in other words."""

from typing import Annotated

import typer

from studio.cli.output import Json, answer, verb
from studio.cli.workspace import opened
from studio.domain.errors import DatasetError
from studio.flows import meaning as flow
from studio.flows import train


@verb
def meaning(
    dataset: Annotated[str, typer.Argument(metavar="DATASET", help="A dataset, as `import` names it.")],
    at_least: Annotated[
        float | None, typer.Option(help="The least likeness, up to 1; the usual one if left out.")
    ] = None,
    json: Json = False,
) -> None:
    """Compare what the questions mean, and list rows that may ask for the same; none is left out."""
    studio = opened(working=True)
    job = flow.compare(studio, dataset)
    if job.is_live:
        train.wait(studio, job.id)
    found = flow.look(studio, dataset)
    if found.meant is None:
        assert found.job is not None
        raise DatasetError(found.job.message, fix=found.job.fix)
    finding = flow.groups(studio, dataset, at_least=at_least)
    listed = finding.groups if finding else ()
    values = {
        "dataset": dataset, "way": found.meant.way, "questions": found.meant.questions,
        "at_least": found.usual if at_least is None else at_least,
        "groups": [{"lines": group.lines, "likeness": group.likeness} for group in listed],
    }  # fmt: skip
    words = [finding.title if finding else "No questions are so much alike in meaning."]
    words += [f"  lines {', '.join(f'{line:,}' for line in group.lines)}: {group.reason}" for group in listed]
    answer(json, values, "\n".join(words))

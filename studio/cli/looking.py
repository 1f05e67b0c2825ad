"""Looking: which datasets there are, and what is wrong with one."""

from typing import Annotated, Any

import typer

from studio.cli import split
from studio.cli.output import Json, answer, verb
from studio.cli.workspace import opened
from studio.domain.errors import DatasetError
from studio.domain.finding import GRADE_WORDS, TREATMENTS, by_weight
from studio.flows import advise, bring, inspect, topics, train
from studio.flows import mend as mending
from studio.flows import split as dealing
from studio.flows.models import STARTER
from studio.flows.studio import Studio

Dataset = Annotated[str, typer.Argument(metavar="DATASET", help="A dataset, as `import` names it.")]
ModelId = Annotated[str, typer.Option("--model", help="A model, as `models` names it.")]


@verb
def datasets(json: Json = False) -> None:
    """List the datasets of the workspace."""
    found = bring.datasets(opened())
    words = "\n".join(f"{d.id}  {d.rows:>7,} rows  {d.state:<9} {d.name}" for d in found) or "There is no dataset yet."
    answer(json, [{"dataset": d.id, "name": d.name, "rows": d.rows, "state": d.state} for d in found], words)


@verb
def inspect_dataset(dataset: Dataset, model: ModelId = STARTER, json: Json = False) -> None:
    """Say what is wrong with a dataset, and how long its rows are for a model."""
    studio = opened(working=True)
    look = measured(studio, dataset, model)
    assert look.lengths is not None and look.cut_off is not None
    cut = look.lengths.cut_rows(look.cut_off.tokens)
    split.ended(studio, topics.look(studio, dataset).job)
    said, about = advise.advice(studio, look), topics.known(studio, dataset)
    values = {
        "dataset": dataset,
        "model": model,
        "findings": [
            {
                "kind": f.kind, "grade": f.grade, "title": f.title, "count": f.count, "why": f.why,
                "action": TREATMENTS[f.kind].action, "groups": [g.lines for g in f.groups],
                "details": [{"lines": g.lines, "reason": g.reason, "grade": g.grade or f.grade} for g in f.groups],
            }
            for f in by_weight(look.findings)
        ],
        "lengths": {
            "longest": max(look.lengths.total), "cut_off": look.cut_off.tokens, "reason": look.cut_off.reason,
            "cut_rows": len(cut), "stop_token_trained": look.lengths.stop_token_trained,
            "left_out": look.lengths.left_out, "partial_rows": len(look.lengths.partial),
        },
        "advice": {
            "tone": said.reading.tone, "title": said.reading.title, "text": said.reading.text,
            "first": [{"what": issue.what, "to_do": issue.to_do} for issue in said.first],
        },
        "topics": about and {
            "sentence": about.sentence, "topics": [{"words": t.words, "rows": t.rows} for t in about.topics],
        },
        "split": _split_values(studio, dataset),
    }  # fmt: skip
    words = [f"{said.reading.title} {said.reading.text}"]
    words += [f"{GRADE_WORDS[f.grade]:<13} {f.title}. {f.why}" for f in by_weight(look.findings)] or [
        "Nothing was found that needs mending."
    ]
    words += [look.lengths.partial_sentence] if look.lengths.partial else []
    words.append(f"Suggested cut-off: {look.cut_off.tokens} tokens. {look.cut_off.reason}")
    answer(json, values, "\n".join(words))


def _split_values(studio: Studio, dataset: str) -> dict[str, Any] | None:
    """How the rows are dealt; None where they are too few for that."""
    try:
        made, ledger = dealing.current(studio, dataset), dealing.ledger(studio, dataset)
    except DatasetError:
        return None
    return {"split": made.id, "counts": ledger.counts} | split.facts(studio, made)


def measured(studio: Studio, dataset_id: str, model_id: str) -> inspect.Inspection:
    """Look at a dataset once its lengths have been measured; a measurement that failed is tried once more.

    Where texts were changed, its rows are examined first, so that the findings are those of its texts.
    """
    checking = mending.recheck(studio, dataset_id)
    if checking is not None and checking.is_live:
        train.wait(studio, checking.id)
    look = inspect.look(studio, dataset_id, model_id)
    if look.measuring is None:
        return look
    job = look.measuring if look.measuring.is_live else inspect.measure_again(studio, look.measuring.id)
    train.wait(studio, job.id)
    look = inspect.look(studio, dataset_id, model_id)
    if look.lengths is None and look.measuring is not None:
        raise DatasetError(look.measuring.message, fix=look.measuring.fix)
    return look

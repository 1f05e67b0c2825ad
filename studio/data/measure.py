"""Measure: every row as tokens with a model's own tokenizer and chat template, exactly as training will see it.

Every assistant turn is learned, as far as the template marks it. Training writes its rows with the same function; a
contract test holds what is stored here equal to the labels that TRL itself makes of the same messages.

A row of which the template leaves something out (tool calls, say) is measured as far as it is written, and marked: it
is never trained. A plain text is measured as it stands, with the end token after it.
"""

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from jinja2 import TemplateError

from studio.data.atomic import replacing
from studio.data.progress import Progress, Stopped
from studio.data.rows import Rows, load_rows
from studio.data.tokenizer import load_tokenizer
from studio.domain.answers import UnprovenError, end_of_answer, marks_answers, writes_dates
from studio.domain.chat import Chat, left_out, parts_of, template_of, written, written_texts
from studio.domain.errors import RecipeError
from studio.domain.event import EventKind, Outcome, Reporter
from studio.domain.row import Row

BATCH = 1000
FIX = "Change it (often it is the system message: put its words into the first question), or choose another model."
OTHER_MODEL = "Choose another model, or a folder with its chat template."
STOP_PROBE = ({"role": "user", "content": "dummy"}, {"role": "assistant", "content": "dummy"})


@dataclass(slots=True)
class _Measured:
    """The rows as tokens: ids and mask one after the other, `offsets` where each row ends, `prompt` per row."""

    ids: array = field(default_factory=lambda: array("i"))
    mask: bytearray = field(default_factory=bytearray)
    offsets: array = field(default_factory=lambda: array("q", [0]))
    prompt: array = field(default_factory=lambda: array("i"))
    partial: array = field(default_factory=lambda: array("i"))
    rejected: array = field(default_factory=lambda: array("i"))
    refused: dict[int, str] = field(default_factory=dict)  # by row number: why its template does not write it

    def add(self, row: Row, ids: Sequence[int], mask: Sequence[int], *, partial: bool) -> None:
        self.ids.extend(ids)
        self.mask.extend(mask)
        self.offsets.append(len(self.ids))
        self.prompt.append(_start_of_answer(mask))
        if partial:
            self.partial.append(row.number)


@dataclass(frozen=True, slots=True)
class _Writer:
    """A tokenizer with the template that training uses with it, and what that leaves out of rows with tools."""

    tokenizer: Any
    template: str | None
    stop_token: str
    stop_token_trained: bool
    left_out: tuple[str, ...]
    dated: bool
    proven: bool = False

    def writes_whole(self, row: Row) -> bool:
        return not row.uses_tools or parts_of(row).isdisjoint(self.left_out)

    def write(self, rows: Sequence[Row]) -> list[tuple[list[int], list[int]]]:
        """Token ids and mask (1 where the model learns to say the token) of every row."""
        if rows[0].is_text:  # then all of them are
            return [(ids, [1] * len(ids)) for ids in written_texts(self.tokenizer, [row.answer for row in rows])]
        return written(self.tokenizer, [Chat(row.messages, row.tools) for row in rows], template=self.template)


def measure(spec: Mapping[str, Any], reporter: Reporter) -> Outcome:
    """Write the tokens of the rows of `spec["dataset"]`, as `spec["model"]` sees them, to `spec["out"]` (.npz)."""
    rows, out = load_rows(Path(spec["dataset"])), Path(spec["out"])
    try:
        reporter.report(EventKind.PHASE, name="Loading the tokenizer")
        writer = _writer(Path(spec["model"]), texts=rows[0].is_text)
        reporter.report(EventKind.PHASE, name="Measuring the rows")
        measured = _measure(rows, writer, Progress(reporter, total=len(rows)))
    except Stopped:
        return Outcome(state="stopped", message="Measuring was stopped.")
    except RecipeError as error:
        return Outcome(state="failed", message=error.message, fix=error.fix, code=error.code)
    total = np.diff(np.frombuffer(measured.offsets, dtype=np.int64)).astype(np.int32)
    facts = {
        "model_id": spec["model_id"],
        "stop_token": writer.stop_token,
        "stop_token_trained": writer.stop_token_trained,
        "left_out": writer.left_out,
        "refused": {str(number): why for number, why in measured.refused.items()},
        "dated": writer.dated,
        "proven": writer.proven,
        "are_texts": rows[0].is_text,
    }
    with replacing(out) as file:
        np.savez(
            file,
            ids=np.frombuffer(measured.ids, dtype=np.int32),
            mask=np.frombuffer(measured.mask, dtype=np.bool_),
            offsets=np.frombuffer(measured.offsets, dtype=np.int64),
            prompt=np.frombuffer(measured.prompt, dtype=np.int32),
            partial=np.frombuffer(measured.partial, dtype=np.int32),
            rejected=np.frombuffer(measured.rejected, dtype=np.int32),
            total=total,
            facts=np.frombuffer(orjson.dumps(facts), dtype=np.uint8),
        )
    longest = int(total.max())
    return Outcome(
        state="done",
        message=f"{len(rows):,} rows measured; the longest has {longest:,} tokens.",
        result={"rows": len(rows), "longest": longest, "stop_token_trained": writer.stop_token_trained},
    )


def _writer(model: Path, *, texts: bool) -> _Writer:
    try:
        tokenizer = load_tokenizer(model, texts=texts)
    except (OSError, ValueError) as error:
        raise RecipeError("The tokenizer of this model cannot be read.", fix="Choose another model.") from error
    if texts:
        return _Writer(tokenizer, None, tokenizer.eos_token or "", bool(tokenizer.eos_token), (), dated=False)
    if not tokenizer.chat_template:
        raise RecipeError(
            "This model has no chat template, so it cannot be taught answers in a conversation.",
            fix="Choose its instruct or chat version; this one can learn plain texts alone.",
        )
    try:
        template = None if marks_answers(tokenizer.chat_template) else _with_marks(tokenizer)
        stop_token, trained = _stop_token(tokenizer, template)
    except UnprovenError as error:
        raise RecipeError(
            f"Which words are the answer cannot be told with this model's chat template: {error}.", fix=OTHER_MODEL
        ) from error
    except (TypeError, ValueError, TemplateError) as error:
        raise RecipeError("The chat template of this model cannot be used for training.", fix=OTHER_MODEL) from error
    held, missing = tokenizer.get_chat_template(template), left_out(tokenizer, template=template)
    proven = not marks_answers(held)
    return _Writer(tokenizer, template, stop_token, trained, missing, dated=writes_dates(held), proven=proven)


def _with_marks(tokenizer: Any) -> str | None:
    """TRL's own version of a template without marks; None where it has none, and the answers are to be proven."""
    from trl.chat_template_utils import get_training_chat_template  # takes three seconds, and many models need none

    try:
        return get_training_chat_template(tokenizer)
    except (TypeError, ValueError, TemplateError):
        return None


def _stop_token(tokenizer: Any, template: str | None) -> tuple[str, bool]:
    """The token that ends an answer, and whether it is learned with it."""
    held = template_of(tokenizer, None, template)
    if not marks_answers(held):
        return end_of_answer(tokenizer, template=held), True
    probe = tokenizer.apply_chat_template(list(STOP_PROBE), chat_template=template, tokenize=True, return_dict=True)
    return _last_added(tokenizer, probe["input_ids"]), trains_stop_token(tokenizer, template)


def trains_stop_token(tokenizer: Any, template: str | None) -> bool:
    """Whether the token that ends an answer is learned with it; TRL's `is_chat_template_stop_token_trained` says so.

    The answer is followed by another question, because some templates end an answer only there.
    """
    try:
        told = tokenizer.apply_chat_template(
            [*STOP_PROBE, STOP_PROBE[0]], chat_template=template, tokenize=True, return_dict=True,
            return_assistant_tokens_mask=True,
        )  # fmt: skip
    except (TemplateError, TypeError, ValueError):
        return False
    learned = [number for number, mask in zip(told["input_ids"], told["assistant_masks"], strict=False) if mask]
    last = next((number for number in reversed(learned) if tokenizer.decode([number]).strip()), None)
    return last in tokenizer.get_added_vocab().values()


def _last_added(tokenizer: Any, ids: Sequence[int]) -> str:
    """The token that ends an answer: the last one of the added vocabulary, or the tokenizer's own end of sequence."""
    added = {number: token for token, number in tokenizer.get_added_vocab().items()}
    return next((added[number] for number in reversed(ids) if number in added), tokenizer.eos_token or "")


def _measure(rows: Rows, writer: _Writer, progress: Progress) -> _Measured:
    measured = _Measured()
    for batch in _batches(rows):
        progress.at(batch[0].number)
        whole = [row for row in batch if writer.writes_whole(row)]
        tokens = _written(whole, writer, measured.refused)
        measured.rejected.extend(_rejected(batch, writer, measured.refused))
        for row in batch:
            ids, mask = tokens.get(row.number) or _as_far_as_written(row, writer)
            measured.add(row, ids, mask, partial=row.number not in tokens or row.number in measured.refused)
    progress.end()
    if len(measured.refused) == len(rows):
        raise RecipeError(f"No row can be trained with this model. {measured.refused[0]}", fix=OTHER_MODEL)
    return measured


def _batches(rows: Rows) -> Iterator[list[Row]]:
    batch: list[Row] = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _rejected(batch: Sequence[Row], writer: _Writer, refused: dict[int, str]) -> list[int]:
    """Tokens of each row with its worse end; 0 where it has none."""
    others = [row.other for row in batch if row.rejected]
    tokens = _written([other for other in others if writer.writes_whole(other)], writer, refused)
    tokens |= {other.number: _as_far_as_written(other, writer) for other in others if other.number not in tokens}
    return [len(tokens[row.number][0]) if row.rejected else 0 for row in batch]


def _as_far_as_written(row: Row, writer: _Writer) -> tuple[list[int], list[int]]:
    """A row of which the template leaves something out, to be looked at; nothing where the template refuses it."""
    try:
        return writer.write([row])[0]
    except (TemplateError, TypeError, ValueError):
        return [], []


def _written(batch: Sequence[Row], writer: _Writer, refused: dict[int, str]) -> dict[int, tuple[list[int], list[int]]]:
    """The tokens of the rows that the template writes, by number; of the others why not: none stops the rest."""
    try:
        tokens = dict(zip((row.number for row in batch), writer.write(batch) if batch else [], strict=True))
    except (TemplateError, TypeError, ValueError):
        tokens = {row.number: found for row in batch if (found := _one(row, writer, refused))}
    for number in [number for number, (_, mask) in tokens.items() if 1 not in mask]:
        refused.setdefault(number, f"It has no token to learn. {OTHER_MODEL}")
    return tokens


def _one(row: Row, writer: _Writer, refused: dict[int, str]) -> tuple[list[int], list[int]] | None:
    try:
        return writer.write([row])[0]
    except UnprovenError as cause:
        refused.setdefault(row.number, f"Which words are its answer cannot be told: {cause}. {cause.fix}")
    except (TemplateError, TypeError, ValueError) as cause:
        told = str(cause).strip().rstrip(".")[:200]
        refused.setdefault(row.number, f"This model's chat template refuses it: {told}. {FIX}")
    return None


def _start_of_answer(mask: Sequence[int]) -> int:
    """How many tokens come before the last run of learned ones: before the last answer."""
    place = len(mask)
    while place and not mask[place - 1]:
        place -= 1
    while place and mask[place - 1]:
        place -= 1
    return place

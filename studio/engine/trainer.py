"""Trainer: TRL's trainers set up from a recipe, on exactly the rows that they were given."""

from collections.abc import Iterable, Sequence
from functools import partial
from itertools import chain, cycle, islice
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from jinja2 import TemplateError
from peft import LoraConfig, PeftConfig, PeftModel, PrefixTuningConfig, initialize_kv_prefix_from_past_key_values
from transformers import PreTrainedModel, PreTrainedTokenizerBase, PrinterCallback, TrainerCallback
from transformers.modeling_layers import GradientCheckpointingLayer
from trl import SFTConfig, SFTTrainer
from trl.chat_template_utils import (
    get_training_chat_template,
    has_generation_markers,
    is_chat_template_stop_token_trained,
)

from studio.domain.answers import end_of_answer, marks_answers
from studio.domain.batches import Batches
from studio.domain.chat import Chat, left_out, parts_of, template_of, written, written_texts
from studio.domain.errors import RecipeError, RunError
from studio.domain.lengths import in_pieces
from studio.domain.plan import PADDED, Way
from studio.domain.recipe import Recipe
from studio.domain.row import Row
from studio.engine.documents import lay_end_to_end
from studio.engine.load import keep_unpacked, needs_template
from studio.engine.ordering import Ordered, arguments
from studio.engine.pairs import PairTrainer, check_pairs, pair_arguments, pair_lengths, pairs


class RowTrainer(Ordered, SFTTrainer):
    """SFTTrainer whose batches come from `Batches`."""


class RecomputeSome(TrainerCallback):
    """Lets only the last so many layers be computed twice: the others are kept, as far as memory allows."""

    def __init__(self, layers: int) -> None:
        self.layers = layers

    def on_train_begin(self, args: Any, state: Any, control: Any, *, model: Any, **_: Any) -> None:
        every = [module for module in model.modules() if isinstance(module, GradientCheckpointingLayer)]
        for layer in every[: max(len(every) - self.layers, 0)]:
            layer.gradient_checkpointing = False


def build_trainer(
    model: PreTrainedModel | PeftModel,
    tokenizer: PreTrainedTokenizerBase,
    *,
    recipe: Recipe,
    train: Sequence[Row],
    validation: Sequence[Row],
    staging: Path,
    way: Way = PADDED,
) -> RowTrainer | PairTrainer:
    """A trainer with what its method trains and every row tokenised; a row that would be lost or cut is a RunError.

    A model that has an adapter already goes on with that one.
    """
    make = _pair_trainer if recipe.preference else _row_trainer
    trainer, lengths = make(model, tokenizer, recipe, train, validation, staging)
    if way.packed and isinstance(trainer, RowTrainer):
        lay_end_to_end(trainer)
    if recipe.gradient_checkpointing and way.recomputed is not None:
        trainer.add_callback(RecomputeSome(way.recomputed))
    trainer.lines = partial(lines_of, train, tokenizer, recipe)
    # TRL keeps the adapter of a 4-bit base in bfloat16 but brings it back from a checkpoint in float32: a resumed run
    # would go on in another precision than an uninterrupted one. Float32 in both also loses no small updates.
    for parameter in trainer.model.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.float()
    keep_unpacked(trainer.model)
    trainer.remove_callback(PrinterCallback)
    if recipe.method == "prefix":
        words = "prompt_ids" if recipe.preference else "input_ids"
        begin_with_words(trainer.model, trainer.train_dataset[words])
    trainer.batches = Batches(lengths, recipe, packed=way.packed and isinstance(trainer, RowTrainer))
    return trainer


def _row_trainer(
    model: PreTrainedModel | PeftModel,
    tokenizer: PreTrainedTokenizerBase,
    recipe: Recipe,
    train: Sequence[Row],
    validation: Sequence[Row],
    staging: Path,
) -> tuple[RowTrainer, list[int]]:
    trainer = RowTrainer(
        model=model,
        args=SFTConfig(**arguments(recipe, staging=staging)),
        train_dataset=prepared(train, tokenizer, recipe=recipe),
        eval_dataset=prepared(validation, tokenizer, recipe=recipe),
        processing_class=tokenizer,
        peft_config=None if isinstance(model, PeftModel) else adapter_of(recipe),
    )
    trainer.train_dataset = _exactly(trainer.train_dataset, train, recipe=recipe)
    trainer.eval_dataset = _exactly(trainer.eval_dataset, validation, recipe=recipe)
    return trainer, lengths_of(trainer.train_dataset)


def _pair_trainer(
    model: PreTrainedModel | PeftModel,
    tokenizer: PreTrainedTokenizerBase,
    recipe: Recipe,
    train: Sequence[Row],
    validation: Sequence[Row],
    staging: Path,
) -> tuple[PairTrainer, list[int]]:
    template = training_template(tokenizer)
    _refuse_rows_in_part([*train, *validation], tokenizer, template)
    made = [pairs(rows, tokenizer, template=template) for rows in (train, validation)]
    for rows, dataset in zip((train, validation), made, strict=True):
        check_pairs(dataset, rows, recipe=recipe)
    trainer = PairTrainer(
        model=model,
        args=pair_arguments(recipe, staging=staging),
        train_dataset=made[0],
        eval_dataset=made[1],
        processing_class=tokenizer,
        peft_config=None if isinstance(model, PeftModel) else adapter_of(recipe),
    )
    return trainer, pair_lengths(made[0])


def adapter_of(recipe: Recipe) -> PeftConfig | None:
    """What is trained beside the model, in peft's words; None where the model itself is trained."""
    match recipe.method:
        case "full":
            return None
        case "prefix":
            return PrefixTuningConfig(num_virtual_tokens=recipe.prefix_tokens, task_type="CAUSAL_LM")
        case "qlora" | "lora":
            return LoraConfig(
                r=recipe.rank,
                lora_alpha=recipe.alpha,  # type: ignore[arg-type]
                lora_dropout=recipe.dropout,
                use_rslora=recipe.rank_stabilised,
                use_dora=recipe.dora,
                target_modules="all-linear",
                task_type="CAUSAL_LM",
            )


def begin_with_words(model: Any, rows: Iterable[Sequence[int]]) -> None:
    """Let a prefix begin as the first words of the training rows instead of noise (Li and Liang 2021, section 7.4)."""
    wanted = model.active_peft_config.num_virtual_tokens
    tokens = list(islice(cycle(chain.from_iterable(rows)), wanted))
    with torch.no_grad(), model.disable_adapter():
        cache = model(input_ids=torch.tensor([tokens], device=model.device), use_cache=True).past_key_values
    initialize_kv_prefix_from_past_key_values(model, past_key_values=cache)


def check_template(tokenizer: PreTrainedTokenizerBase) -> bool:
    """Refuse a chat template whose answers cannot be told for certain; True if the end of a turn is trained as well."""
    needs_template(tokenizer)
    template = training_template(tokenizer)
    held = template_of(tokenizer, None, template)
    if marks_answers(held):
        return is_chat_template_stop_token_trained(tokenizer, chat_template=template)
    try:
        return bool(end_of_answer(tokenizer, template=held))
    except (TemplateError, TypeError, ValueError) as error:
        raise RecipeError(
            f"Nobody can say for certain which words of this model's chat template are the answer: {error}.",
            fix="Choose another model.",
        ) from error


def training_template(tokenizer: PreTrainedTokenizerBase) -> str | None:
    """TRL's own version of a template that does not mark its answers; None where the tokenizer's own is used."""
    if has_generation_markers(tokenizer.chat_template or ""):
        return None
    try:
        return get_training_chat_template(tokenizer)
    except (TemplateError, TypeError, ValueError):
        return None


def lengths_of(dataset: Any) -> list[int]:
    """Tokens of each prepared row."""
    return [len(ids) for ids in dataset["input_ids"]]


def lines_of(rows: Sequence[Row], tokenizer: PreTrainedTokenizerBase, recipe: Recipe) -> list[int]:
    """The source line of each thing that is trained on: a row, or a piece of a long text."""
    if not rows[0].is_text:
        return [row.line for row in rows]
    lengths = (len(ids) for ids in written_texts(tokenizer, [row.answer for row in rows]))
    return [row.line for row, tokens in zip(rows, lengths, strict=True) for _ in in_pieces(tokens, recipe.max_length)]


def prepared(rows: Sequence[Row], tokenizer: PreTrainedTokenizerBase, *, recipe: Recipe) -> Dataset:
    """The rows as tokens and labels: of conversations the answers are learned or all, of plain texts all."""
    if rows[0].is_text:
        return _texts(rows, tokenizer, recipe)
    return _dataset(rows, tokenizer, with_questions=recipe.learn_questions)


def _texts(rows: Sequence[Row], tokenizer: PreTrainedTokenizerBase, recipe: Recipe) -> Dataset:
    pieces: list[list[int]] = []
    for ids in written_texts(tokenizer, [row.answer for row in rows]):
        tokens = iter(ids)
        pieces += [list(islice(tokens, length)) for length in in_pieces(len(ids), recipe.max_length)]
    return Dataset.from_dict({"input_ids": pieces, "labels": pieces})


def _dataset(rows: Sequence[Row], tokenizer: PreTrainedTokenizerBase, *, with_questions: bool = False) -> Dataset:
    """The rows as tokens, with a label for each that is learned.

    Not as messages: in a column of messages, `datasets` gives every tool call the arguments of all the others, and
    rounds their numbers.
    """
    template = training_template(tokenizer)
    _refuse_rows_in_part(rows, tokenizer, template)
    try:
        tokens = written(tokenizer, [Chat(row.messages, row.tools) for row in rows], template=template)
    except (TemplateError, TypeError, ValueError) as error:
        raise RunError(
            "This model's chat template refuses a row.", fix="Measure the rows on Inspect: it says which, and why."
        ) from error
    return Dataset.from_dict(
        {
            "input_ids": [ids for ids, _ in tokens],
            "labels": [
                [number if trained or with_questions else -100 for number, trained in zip(*pair, strict=True)]
                for pair in tokens
            ],
        }
    )


def _refuse_rows_in_part(rows: Sequence[Row], tokenizer: PreTrainedTokenizerBase, template: str | None) -> None:
    """Nothing of a row may be left out in silence; the flow hands over no such rows."""
    if not any(row.uses_tools for row in rows):
        return
    missing = set(left_out(tokenizer, template=template))
    for row in rows:
        if without := sorted(parts_of(row) & missing):
            raise RunError(
                f"The row on line {row.line} would be trained without {' and '.join(without)}: "
                "this model's chat template leaves them out.",
                fix="Measure the rows on Inspect and start the run anew, or choose another model.",
            )


def _exactly(prepared: Any, rows: Sequence[Row], *, recipe: Recipe) -> Dataset:
    """The prepared dataset, proven to hold every row whole, each with words to learn."""
    if rows[0].is_text:
        return prepared.select_columns(["input_ids", "labels"])
    if len(prepared) != len(rows):
        raise RunError(
            f"{len(rows)} rows were given but {len(prepared)} would be trained.",
            fix="Split the dataset anew; if it happens again, please report it.",
        )
    for row, length, labels in zip(rows, lengths_of(prepared), prepared["labels"], strict=True):
        if length > recipe.max_length:
            raise RunError(
                f"The row on line {row.line} has {length:,} tokens, more than the cut-off of {recipe.max_length:,}.",
                fix=f"Raise the cut-off to at least {length:,}, or leave this row out.",
            )
        if all(label == -100 for label in labels):
            raise RunError(
                f"The row on line {row.line} has no words that would be trained.",
                fix="Give it an answer, or leave it out.",
            )
    return prepared.select_columns(["input_ids", "labels"])

"""Pairs: preference training (DPO, Rafailov et al. 2023) on rows with a better and a worse answer."""

from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any

import numpy as np
from datasets import Dataset
from jinja2 import TemplateError
from transformers import PreTrainedTokenizerBase
from trl import DPOConfig, DPOTrainer

from studio.domain.chat import Chat, conversation, template_of, tool_list, written
from studio.domain.errors import RunError
from studio.domain.recipe import Recipe
from studio.domain.row import Row
from studio.engine.ordering import Ordered, arguments


class PairTrainer(Ordered, DPOTrainer):
    """DPOTrainer on pairs that are tokens already.

    What is learned is compared with the model as it was: that is the model without its adapter or prefix. Where every
    weight is trained nothing of it is left, so what it says of each pair is worked out before the first step, from the
    untouched weights at every start and so the same after an interruption.
    """

    def _prepare_dataset(self, dataset: Dataset, *_: Any) -> Dataset:
        return dataset

    def _precompute_ref_logps(self, dataset: Any, name: str, batch_size: int) -> Any:
        """Each pair with the log-probabilities of its two ends: in memory, pairs of like length together.

        TRL's own way takes them as they come and leaves a file behind.
        """
        order = np.argsort(pair_lengths(dataset), kind="stable").tolist()
        known = {"ref_chosen_logps": [0.0] * len(order), "ref_rejected_logps": [0.0] * len(order)}
        for start in range(0, len(order), batch_size):
            places = order[start : start + batch_size]
            batch = self._prepare_inputs(self.data_collator([dataset[place] for place in places]))
            for column, found in zip(known.values(), self.compute_ref_log_probs(self.model, batch), strict=True):
                for place, value in zip(places, found.tolist(), strict=True):
                    column[place] = value
        for column, values in known.items():
            dataset = dataset.add_column(column, values)
        return dataset


def pair_arguments(recipe: Recipe, *, staging: Path) -> DPOConfig:
    """The recipe in TRL's words; dropout is the recipe's own."""
    return DPOConfig(
        **arguments(recipe, staging=staging),
        beta=recipe.beta,
        disable_dropout=False,
        precompute_ref_log_probs=recipe.method == "full",
    )


def pairs(rows: Sequence[Row], tokenizer: PreTrainedTokenizerBase, *, template: str | None) -> Dataset:
    """Each row as three lists of tokens: what was asked, the better and the worse end.

    The prompt ends where an answer begins, as the model is asked later; both ends hold all that the template writes
    after it.
    """
    try:
        better = written(tokenizer, [Chat(row.messages, row.tools) for row in rows], template=template)
        worse = written(tokenizer, [Chat(row.other.messages, row.tools) for row in rows], template=template)
        asked = [_asked(tokenizer, row, template) for row in rows]
    except (TemplateError, TypeError, ValueError) as error:
        raise RunError(
            "This model's chat template refuses a row.", fix="Measure the rows on Inspect: it says which, and why."
        ) from error
    made = [_pair(prompt, one, other) for prompt, (one, _), (other, _) in zip(asked, better, worse, strict=True)]
    return Dataset.from_list(made)


def asked_of(row: Row) -> tuple[Any, ...]:
    """The messages before both ends of a pair."""
    return row.messages[: len(row.messages) - len(row.chosen)]


def pair_lengths(dataset: Any) -> list[int]:
    """Tokens of the longer side of each pair."""
    sides = zip(dataset["prompt_ids"], dataset["chosen_ids"], dataset["rejected_ids"], strict=True)
    return [len(prompt) + max(len(chosen), len(rejected)) for prompt, chosen, rejected in sides]


def check_pairs(dataset: Any, rows: Sequence[Row], *, recipe: Recipe) -> None:
    """Every pair is whole and within the cut-off, and its two ends differ; a RunError names the line otherwise."""
    for row, length, chosen, rejected in zip(
        rows, pair_lengths(dataset), dataset["chosen_ids"], dataset["rejected_ids"], strict=True
    ):
        if length > recipe.max_length:
            raise RunError(
                f"The longer answer on line {row.line} has {length:,} tokens with its question, more than the cut-off "
                f"of {recipe.max_length:,}.",
                fix=f"Raise the cut-off to at least {length:,}, or leave this row out.",
            )
        if not chosen or not rejected or chosen == rejected:
            raise RunError(
                f"The two answers on line {row.line} are the same.", fix="Mend the row, or leave it out, and try again."
            )


def _asked(tokenizer: PreTrainedTokenizerBase, row: Row, template: str | None) -> list[int]:
    tools = tool_list(row.tools)
    return tokenizer.apply_chat_template(
        conversation(asked_of(row)),
        tools=tools,
        chat_template=template_of(tokenizer, tools, template),
        add_generation_prompt=True,
        tokenize=True,
        return_dict=True,
    )["input_ids"]  # type: ignore[index]


def _pair(asked: list[int], better: list[int], worse: list[int]) -> dict[str, list[int]]:
    shared = sum(1 for _ in takewhile(lambda three: len(set(three)) == 1, zip(asked, better, worse, strict=False)))
    return {"prompt_ids": better[:shared], "chosen_ids": better[shared:], "rejected_ids": worse[shared:]}

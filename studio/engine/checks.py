"""Checks: measure a model in the middle of its training without leaving a trace in what follows."""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from transformers import PreTrainedTokenizerBase

from studio.domain.chat import Chat
from studio.domain.row import Row
from studio.domain.study import Sampling
from studio.engine.answering import answer
from studio.engine.pairs import PairTrainer, pair_lengths
from studio.engine.trainer import RowTrainer, lengths_of

WATCH = Sampling(max_new_tokens=60)


@contextmanager
def undisturbed(model: torch.nn.Module) -> Iterator[None]:
    """Evaluation mode inside; afterwards the mode and every random state are as before: resuming stays exact."""
    was_training = model.training
    states = random.getstate(), np.random.get_state(), torch.random.get_rng_state()
    on_gpu = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    model.eval()
    try:
        yield
    finally:
        model.train(was_training)
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch.random.set_rng_state(states[2])
        if on_gpu:
            torch.cuda.set_rng_state_all(on_gpu)


def measured(trainer: RowTrainer | PairTrainer) -> dict[str, float]:
    """Validation loss, and for pairs how clearly and how often the better answer is preferred to the worse one."""
    return preferences(trainer) if isinstance(trainer, PairTrainer) else {"validation_loss": validation_loss(trainer)}


def preferences(trainer: PairTrainer) -> dict[str, float]:
    """Mean DPO loss, reward margin and reward accuracy over all validation pairs, every pair counting the same."""
    rows, size = trainer.eval_dataset, trainer.args.per_device_eval_batch_size
    order = np.argsort(pair_lengths(rows), kind="stable").tolist()
    total = dict.fromkeys(("validation_loss", "margin", "accuracy"), 0.0)
    for start in range(0, len(order), size):
        batch = trainer.data_collator([rows[position] for position in order[start : start + size]])
        batch = {name: tensor.to(trainer.args.device) for name, tensor in batch.items()}
        count = len(batch["input_ids"]) // 2
        with torch.no_grad():
            total["validation_loss"] += float(trainer.compute_loss(trainer.model, batch)) * count
        # TRL notes both for each batch, in evaluation mode apart from what it notes in training.
        noted = trainer._metrics["eval"]
        total["margin"] += noted["rewards/margins"][-1] * count
        total["accuracy"] += noted["rewards/accuracies"][-1] * count
    trainer._metrics["eval"].clear()
    return {name: value / len(order) for name, value in total.items()}


def validation_loss(trainer: RowTrainer) -> float:
    """Mean loss in nats per answer token over all validation rows, every token counting the same."""
    rows, size = trainer.eval_dataset, trainer.args.per_device_eval_batch_size
    order = np.argsort(lengths_of(rows), kind="stable").tolist()
    total, tokens = 0.0, 0
    with torch.no_grad():
        for start in range(0, len(order), size):
            batch = trainer.data_collator([rows[position] for position in order[start : start + size]])  # type: ignore[index]
            batch = {name: tensor.to(trainer.args.device) for name, tensor in batch.items()}
            # Divided by one item, the trainer's own loss is the sum over the batch.
            loss = trainer.compute_loss(trainer.model, dict(batch), num_items_in_batch=torch.tensor(1))
            total += float(loss)
            tokens += int((batch["labels"][:, 1:] != -100).sum())
    return total / tokens


def watched_answers(model: Any, tokenizer: PreTrainedTokenizerBase, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """What the model answers now, greedily and briefly, to a few prompts that it never trains on."""
    if not rows:
        return []
    texts = answer(model, tokenizer, [Chat(row.prompt, row.tools) for row in rows], sampling=WATCH)
    return [{"row": row.number, "prompt": row.question, "answer": text} for row, text in zip(rows, texts, strict=True)]

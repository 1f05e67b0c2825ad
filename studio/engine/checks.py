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
from studio.domain.sampling import Sampling
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
    """Validation loss and how many tokens are right; for pairs how clearly and how often the better answer wins."""
    return preferences(trainer) if isinstance(trainer, PairTrainer) else answered(trainer)


def known_beforehand(trainer: RowTrainer | PairTrainer) -> dict[str, float]:
    """What the rows themselves tell of the losses to come: that of guessing by how often each token is trained."""
    if isinstance(trainer, PairTrainer):
        return {}
    return {"chance_loss": chance_loss(_trained_tokens(trainer.train_dataset), _trained_tokens(trainer.eval_dataset))}


def chance_loss(trained: np.ndarray, checked: np.ndarray) -> float:
    """Nats per token of `checked` for who knows nothing but how often each token is in `trained`.

    This is the cross-entropy of a unigram model with add-one smoothing over the tokens that occur.
    """
    _, numbers = np.unique(np.concatenate([trained, checked]), return_inverse=True)
    counts = np.bincount(numbers[: len(trained)], minlength=numbers.max() + 1) + 1
    return float(-np.log(counts / counts.sum())[numbers[len(trained) :]].mean())


def _trained_tokens(dataset: Any) -> np.ndarray:
    """Every token of a prepared dataset that has a label."""
    labels = np.concatenate([chunk.flatten().to_numpy() for chunk in dataset.data.column("labels").chunks])
    return labels[labels != -100]


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
    return answered(trainer)["validation_loss"]


def answered(trainer: RowTrainer) -> dict[str, float]:
    """Mean loss in nats, and the share of tokens guessed right, of all trained tokens of the validation rows."""
    rows, size = trainer.eval_dataset, trainer.args.per_device_eval_batch_size
    order = np.argsort(lengths_of(rows), kind="stable").tolist()
    total, right, tokens = 0.0, 0.0, 0
    # TRL notes the share of right tokens for each batch as it computes the loss, so that it costs nothing more.
    noted = trainer._metrics["train" if trainer.model.training else "eval"]
    with torch.no_grad():
        for start in range(0, len(order), size):
            batch = trainer.data_collator([rows[position] for position in order[start : start + size]])  # type: ignore[index]
            batch = trainer._prepare_inputs(batch)
            # Divided by one item, the trainer's own loss is the sum over the batch.
            loss = trainer.compute_loss(trainer.model, dict(batch), num_items_in_batch=torch.tensor(1))
            count = int((batch["labels"][:, 1:] != -100).sum())
            total += float(loss)
            right += noted["mean_token_accuracy"].pop() * count
            tokens += count
    return {"validation_loss": total / tokens, "validation_token_accuracy": right / tokens}


def watched_answers(model: Any, tokenizer: PreTrainedTokenizerBase, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """What the model answers now, greedily and briefly, to a few prompts that it never trains on."""
    if not rows:
        return []
    texts = answer(model, tokenizer, [Chat(row.prompt, row.tools) for row in rows], sampling=WATCH)
    return [{"row": row.number, "prompt": row.question, "answer": text} for row, text in zip(rows, texts, strict=True)]

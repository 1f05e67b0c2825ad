"""Make the starter model: a very small chat model, pre-trained from nothing on text that starter_text writes.

python assets/make_starter.py --minutes 40 --out assets/starter --seed 7

The seed fixes the text, its order and the first weights; the minutes decide how far the training goes (and so the rates,
which follow the clock). With --steps in place of --minutes, the same machine makes the same model again. Two CPU cores and
at most an hour are enough; no network is used.
"""

from __future__ import annotations

import argparse
import copy
import itertools
import math
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from starter_text import conversations
from starter_text.grammar import Conversation
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from torch.nn import functional
from transformers import GenerationConfig, PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM
from transformers.modeling_outputs import BaseModelOutputWithPast

VOCABULARY = 3072
CONTEXT = 2048
TOKENS_PER_STEP = 6144
TALKS_FOR_WORDS = 40_000  # conversations that the vocabulary is made from
PAD, START, END = SPECIAL = ("<|pad|>", "<|start|>", "<|end|>")
PAD_ID, END_ID = 0, 2  # special tokens come first in the vocabulary, in this order
REQUEST_WEIGHT = 0.4  # what people ask is worth less than how it is answered
CHAT_TEMPLATE = """{%- for message in messages -%}
{%- if message.role == 'assistant' -%}
{{- '<|start|>assistant\\n' -}}
{%- generation -%}{{- message.content + '<|end|>' -}}{%- endgeneration -%}
{{- '\\n' -}}
{%- else -%}
{{- '<|start|>' + message.role + '\\n' + message.content + '<|end|>\\n' -}}
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}
{{- '<|start|>assistant\\n' -}}
{%- endif -%}
"""
PROBES = (
    "Hello!", "What is an umbrella?", "My card was charged twice for order KX-4821. Please help today.", "Repeat exactly: the zorbel met a plimsk at 7:45",
    "Lina Okoro lives in Otterby and is 43 years old. Write it as notes: home and age.",
    "What is the message about?\nHello, I cannot log in since Friday and I need it before noon.",
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=40.0)
    parser.add_argument("--steps", type=int, help=f"steps of {TOKENS_PER_STEP} tokens, in place of minutes")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "starter")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--compile", action="store_true", help="a third faster; needs a C++ compiler")
    asked = parser.parse_args()
    torch.manual_seed(asked.seed)
    tokenizer = train_tokenizer(asked.seed)
    model = new_model(tokenizer)
    print(f"{model.num_parameters():,} parameters, vocabulary {len(tokenizer)}", flush=True)
    data = batches(tokenizer, seed=asked.seed)
    began = time.monotonic()

    def progress(step: int) -> float:
        return step / asked.steps if asked.steps else (time.monotonic() - began) / (asked.minutes * 60)

    for _ in pretrain(model, data, progress=progress, compiled=asked.compile):
        probe(model, tokenizer)
        save(model, tokenizer, asked.out)


def train_tokenizer(seed: int) -> PreTrainedTokenizerFast:
    """A byte-level BPE tokenizer that keeps every digit apart, so that numbers can be copied digit by digit."""
    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    raw.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    texts = itertools.chain.from_iterable(talk for talk in itertools.islice(conversations(seed), TALKS_FOR_WORDS))
    raw.train_from_iterator((text for turn in texts for text in (turn["role"], turn["content"])), trainer)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=raw, eos_token=END, pad_token=PAD, model_max_length=CONTEXT, clean_up_tokenization_spaces=False
    )
    tokenizer.chat_template = CHAT_TEMPLATE
    return tokenizer


def new_model(tokenizer: PreTrainedTokenizerFast) -> Qwen3ForCausalLM:
    return Qwen3ForCausalLM(Qwen3Config(
        vocab_size=len(tokenizer), hidden_size=256, intermediate_size=768, num_hidden_layers=6, num_attention_heads=4,
        num_key_value_heads=4, head_dim=64, max_position_embeddings=CONTEXT, tie_word_embeddings=True,
        pad_token_id=PAD_ID, bos_token_id=None, eos_token_id=END_ID,
    ))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Batch:
    """Token ids, the weight of each as a target, positions, and a mask where conversations may not see each other."""

    ids: torch.Tensor
    weights: torch.Tensor
    positions: torch.Tensor
    mask: torch.Tensor | None


def encoded(talk: Conversation, tokenizer: PreTrainedTokenizerFast) -> tuple[list[int], list[float]]:
    """The conversation as the chat template writes it, and the weight of each token in the loss."""
    ids: list[int] = []
    weights: list[float] = []
    for turn in talk:
        head = tokenizer.encode(f"{START}{turn['role']}\n")
        body = tokenizer.encode(turn["content"] + END)
        ids += [*head, *body, *tokenizer.encode("\n")]
        weight = 1.0 if turn["role"] == "assistant" else REQUEST_WEIGHT
        weights += [REQUEST_WEIGHT] * len(head) + [weight] * len(body) + [REQUEST_WEIGHT]
    return ids, weights


def batches(tokenizer: PreTrainedTokenizerFast, *, seed: int) -> Iterator[Batch]:
    """Endless batches: in turn short rows of conversations that cannot see each other, and long rows of ones that can.

    The first kind is how the model is used, each conversation starting at position 0; the second teaches long contexts.
    """
    talks = (encoded(talk, tokenizer) for talk in conversations(seed + 1))
    rng = random.Random(seed)
    while True:
        apart = rng.random() < 0.65
        length = 512 if apart else 1024
        rows = [packed(talks, length, pad=PAD_ID) for _ in range(TOKENS_PER_STEP // length)]
        ids, weights, talk_of, place_of = (torch.tensor(column) for column in zip(*rows, strict=True))
        if not apart:
            yield Batch(ids, weights, torch.arange(length).expand_as(ids), None)
            continue
        causal = torch.ones(length, length, dtype=torch.bool).tril()
        yield Batch(ids, weights, place_of, (talk_of[:, None, :, None] == talk_of[:, None, None, :]) & causal)


Row = tuple[list[int], list[float], list[int], list[int]]


def packed(talks: Iterator[tuple[list[int], list[float]]], length: int, *, pad: int) -> Row:
    """One row of whole conversations: ids, weights, number of the conversation, place within it; padded at the end."""
    ids: list[int] = []
    weights: list[float] = []
    talk_of: list[int] = []
    place_of: list[int] = []
    for number in itertools.count():
        more, worth = next(talks)
        room = length - len(ids)
        ids += more[:room]
        weights += worth[:room]
        talk_of += [number] * min(room, len(more))
        place_of += range(min(room, len(more)))
        if len(more) >= room - 8:
            break
    gap = length - len(ids)
    return ids + [pad] * gap, weights + [0.0] * gap, talk_of + [-1] * gap, place_of + [0] * gap


def rate(progress: float) -> float:
    """The share of the full learning rate: a short warm-up, a plateau, and a slope to nothing over the second half."""
    return min(1.0, 0.1 + progress / 0.02) * min(1.0, max(0.0, (1.0 - progress) / 0.5))


def pretrain(
    model: Qwen3ForCausalLM, data: Iterator[Batch], *, progress: Callable[[int], float], compiled: bool
) -> Iterator[int]:
    """Train until the progress before a step is 1, stopping a few times on the way and at the end: yields the tokens seen."""
    optimizers, full_rates = optimizers_for(model)
    forward = torch.compile(model.model, dynamic=False) if compiled else model.model
    began, seen, recent, stops = time.monotonic(), 0, math.nan, [0.2, 0.45, 0.7]
    model.train()
    for step in itertools.count():
        done = progress(step)
        if done >= 1.0:
            break
        for optimizer, full in zip(optimizers, full_rates, strict=True):
            optimizer.param_groups[0]["lr"] = full * rate(done)
        batch = next(data)
        loss = batch_loss(forward, model.lm_head, batch)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        seen += batch.ids.numel()
        recent = loss.item() if math.isnan(recent) else 0.8 * recent + 0.2 * loss.item()
        if step % 10 == 0:
            report(f"step {step}", loss=recent, tokens=seen, seconds=time.monotonic() - began)
        if stops and done >= stops[0]:
            stops.pop(0)
            yield seen
    report("done:", loss=recent, tokens=seen, seconds=time.monotonic() - began)
    yield seen


def report(when: str, *, loss: float, tokens: int, seconds: float) -> None:
    print(f"{when} loss {loss:.3f} tokens {tokens:,} seconds {seconds:.0f} tokens/s {tokens / seconds:.0f}", flush=True)


def optimizers_for(model: Qwen3ForCausalLM) -> tuple[tuple[torch.optim.Optimizer, ...], tuple[float, ...]]:
    """Muon for the matrices, AdamW for embeddings and norms, and their full learning rates."""
    matrices = [weight for name, weight in model.named_parameters() if weight.ndim == 2 and "embed" not in name]
    others = [weight for name, weight in model.named_parameters() if weight.ndim != 2 or "embed" in name]
    rates = (0.02, 4e-3)
    return (
        Muon(matrices, lr=rates[0]),
        torch.optim.AdamW(others, lr=rates[1], betas=(0.9, 0.95), weight_decay=0.0),
    ), rates


class Muon(torch.optim.Optimizer):
    """Momentum whose matrix is made orthogonal (Jordan et al., 2024), all matrices of one shape at once."""

    def __init__(self, matrices: list[torch.nn.Parameter], *, lr: float) -> None:
        super().__init__(matrices, {"lr": lr})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        by_shape: dict[tuple[int, int], list[torch.nn.Parameter]] = {}
        for weight in self.param_groups[0]["params"]:
            by_shape.setdefault((min(weight.shape), max(weight.shape)), []).append(weight)
        for weights in by_shape.values():
            steps = []
            for weight in weights:
                assert weight.grad is not None
                momentum = self.state[weight].setdefault("momentum", torch.zeros_like(weight))
                momentum.lerp_(weight.grad, 0.05)
                steps.append(weight.grad.lerp(momentum, 0.95))
            wide = torch.stack([step if step.shape[0] <= step.shape[1] else step.T for step in steps])
            for weight, direction in zip(weights, orthogonal(wide), strict=True):
                turned = direction if weight.shape[0] <= weight.shape[1] else direction.T
                lr = self.param_groups[0]["lr"]
                weight.mul_(1 - lr * 0.05).add_(turned, alpha=-lr * max(1.0, weight.shape[0] / weight.shape[1]) ** 0.5)


def orthogonal(matrices: torch.Tensor) -> torch.Tensor:
    """The nearest (nearly) orthogonal matrices, by five Newton-Schulz steps in bf16."""
    near = matrices.bfloat16()
    near = near / (near.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(5):
        square = near @ near.mT
        near = 3.4445 * near + (-4.7750 * square + 2.0315 * square @ square) @ near
    return near.float()


def batch_loss(forward: Callable[..., BaseModelOutputWithPast], head: torch.nn.Module, batch: Batch) -> torch.Tensor:
    """Weighted mean cross-entropy of each next token."""
    with torch.autocast("cpu", dtype=torch.bfloat16):
        made = forward(input_ids=batch.ids, position_ids=batch.positions, attention_mask=batch.mask, use_cache=False)
        assert made.last_hidden_state is not None
        logits = head(made.last_hidden_state[:, :-1])
    weights = batch.weights[:, 1:].flatten()
    losses = functional.cross_entropy(logits.flatten(0, 1).float(), batch.ids[:, 1:].flatten(), reduction="none")
    return (losses * weights).sum() / weights.sum()


def probe(model: Any, tokenizer: PreTrainedTokenizerFast) -> None:
    """Print what the model answers by now."""
    model.eval()
    for question in PROBES:
        shown = tokenizer.encode(f"{START}user\n{question}{END}\n{START}assistant\n")
        made: Any = model.generate(torch.tensor([shown]), max_new_tokens=60, do_sample=False, pad_token_id=PAD_ID)
        print(f"  {question!r} -> {tokenizer.decode(made[0, len(shown) :])!r}", flush=True)
    model.train()


def save(model: Qwen3ForCausalLM, tokenizer: PreTrainedTokenizerFast, folder: Path) -> None:
    """Save model and tokenizer in bf16; the model itself stays as it is, so that training can go on."""
    folder.mkdir(parents=True, exist_ok=True)
    saved = copy.deepcopy(model).bfloat16()
    saved.generation_config = GenerationConfig(
        eos_token_id=END_ID, pad_token_id=PAD_ID, do_sample=False, max_new_tokens=160
    )
    saved.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


if __name__ == "__main__":
    main()

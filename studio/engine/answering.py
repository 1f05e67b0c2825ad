"""Answering: let a model answer a batch of prompts, with its adapter, without it, or mixed row by row."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from studio.domain.answers import known_end
from studio.domain.chat import Chat, conversation, tool_list
from studio.domain.sampling import Sampling
from studio.domain.thoughts import asked_plainly
from studio.engine.luck import Luck
from studio.engine.sides import BASE, Sides

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedTokenizerBase

FEW = 4  # rows that are written to their end together, however early some of them end


class Listener(Protocol):
    """Who follows the writing: `put` is given the prompts, then the next token of every row; `end` comes last."""

    def put(self, value: Any) -> None: ...

    def end(self) -> None: ...

    def has_enough(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Written:
    """What a model wrote, without special tokens. `tokens` counts the new ones, that which ends the answer among them.

    `cut` where it had to stop before it came to an end.
    """

    text: str
    tokens: int
    cut: bool


def answer(
    model: Any,
    tokenizer: "PreTrainedTokenizerBase",
    prompts: Sequence[Chat],
    *,
    sampling: Sampling,
    adapters: Sequence[str] | None = None,
    listener: Listener | None = None,
) -> list[str]:
    """One answer per prompt, as text; every row draws with the same luck.

    A `listener` is told every token as it comes, and may end the writing.
    """
    return [
        each.text for each in write(model, tokenizer, prompts, sampling=sampling, adapters=adapters, listener=listener)
    ]


def write(
    model: Any,
    tokenizer: "PreTrainedTokenizerBase",
    prompts: Sequence[Chat],
    *,
    sampling: Sampling,
    keys: Sequence[str] | None = None,
    budgets: Sequence[int] | None = None,
    adapters: Sequence[str] | None = None,
    listener: Listener | None = None,
) -> list[Written]:
    """One answer per prompt: greedy at temperature 0, else drawn with the luck of its key.

    `adapters` names the adapter of each row, `budgets` the most tokens of each, where those are fewer than `sampling`
    allows. Every setting is given here, so that defaults that a model brings along (a penalty, a top-k) change neither
    side. Once a quarter of the rows have come to their end the others go on without them, which is faster the more a
    row costs; nothing else about them changes.
    """
    import torch

    inputs = encode(tokenizer, prompts).to(model.device)
    batch = _Batch(
        inputs["input_ids"],
        inputs["attention_mask"],
        list(range(len(prompts))),
        ends=end_tokens(model, tokenizer),
        budgets=list(budgets or [sampling.max_new_tokens] * len(prompts)),
    )
    thins = listener is None and not _begins_with_a_prefix(model)
    keys = keys or [""] * len(prompts)
    while batch.rows:
        which: dict[str, Any] = {}
        names = [adapters[row] for row in batch.rows] if adapters else []
        is_base = set(names) == {BASE}  # then nobody needs to look, layer by layer, whose adapter is on
        if names and not is_base:
            which["adapter_names"] = names
        if sampling.temperature > 0:
            which["logits_processor"] = [Luck(sampling, [keys[row] for row in batch.rows], batch.width)]
        with torch.no_grad(), model.disable_adapter() if is_base else nullcontext():
            batch.go_on(model, tokenizer, listener=listener, fewer=thins and len(batch.rows) > FEW, **which)
    return [batch.written(tokenizer, row) for row in range(len(prompts))]


@dataclass(slots=True)
class _Batch:
    """Prompts being answered: the rows that still go on, and the tokens of all of them."""

    ids: "torch.Tensor"
    mask: "torch.Tensor"
    rows: list[int]
    ends: list[int]
    budgets: list[int]
    cache: Any = None
    width: int = 0
    said: dict[int, list[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.width = self.ids.shape[1]

    def go_on(self, model: Any, tokenizer: Any, *, listener: Listener | None, fewer: bool, **which: Any) -> None:
        """Write until every row has ended, or a quarter of them where `fewer`; what has ended is put aside."""
        from transformers import GenerationConfig

        ending = _Ending(self, listener, at_most=len(self.rows) * 3 // 4 if fewer else 0)
        settings = GenerationConfig(
            max_new_tokens=max(self.budgets[row] for row in self.rows) + self.width - self.ids.shape[1],
            do_sample=False,
            num_beams=1,
            repetition_penalty=1.0,
            use_cache=True,
            pad_token_id=tokenizer.pad_token_id,
            eos_token_id=self.ends,
            return_dict_in_generate=True,
        )
        if listener is not None:
            which["streamer"] = listener
        if self.cache is not None:
            which["past_key_values"] = self.cache
        made = model.generate(
            input_ids=self.ids,
            attention_mask=self.mask,
            generation_config=settings,
            stopping_criteria=[ending],
            **which,
        )
        for row, tokens in zip(self.rows, made.sequences[:, self.width :].tolist(), strict=True):
            self.said[row] = self._whole(tokens[: self.budgets[row]])
        over = [ending.is_enough or self._has_ended(row) for row in self.rows]
        self._leave_out(over, made)

    def _whole(self, tokens: list[int]) -> list[int]:
        """What was written up to the end; after it there is only padding."""
        end = next((place for place, token in enumerate(tokens, start=1) if token in self.ends), len(tokens))
        return tokens[:end]

    def _has_ended(self, row: int) -> bool:
        said = self.said[row]
        return len(said) >= self.budgets[row] or said[-1] in self.ends

    def _leave_out(self, over: Sequence[bool], made: Any) -> None:
        """Go on with the others, and with what the model remembers of them where its memory can be divided."""
        import torch

        left = [place for place, ended in enumerate(over) if not ended]
        self.rows = [self.rows[place] for place in left]
        places = torch.tensor(left, dtype=torch.long, device=self.ids.device)
        grown = made.sequences.shape[1] - self.ids.shape[1]
        self.ids = made.sequences[places]
        self.mask = torch.cat([self.mask[places], self.mask.new_ones(len(left), grown)], dim=1)
        self.cache = made.past_key_values if left and _is_divisible(made.past_key_values) else None
        if self.cache is not None:
            self.cache.batch_select_indices(places)

    def written(self, tokenizer: Any, row: int) -> Written:
        said = self.said[row]
        cut = said[-1] not in self.ends
        return Written(tokenizer.decode(said, skip_special_tokens=True), len(said), cut)


class _Ending:
    """Tells the library, after every token, which rows are at their end; all of them when no more than `at_most` go
    on, or when the listener has enough."""

    def __init__(self, batch: _Batch, listener: Listener | None, *, at_most: int) -> None:
        import torch

        device = batch.ids.device
        self.is_enough = False
        self._listener, self._at_most, self._width = listener, at_most, batch.width
        self._ends = torch.tensor(batch.ends, device=device)
        self._budgets = torch.tensor([batch.budgets[row] for row in batch.rows], device=device)
        self._over = torch.zeros(len(batch.rows), dtype=torch.bool, device=device)

    def __call__(self, input_ids: "torch.Tensor", scores: Any, **_: Any) -> "torch.Tensor":
        import torch

        said = input_ids.shape[1] - self._width
        self._over = self._over | torch.isin(input_ids[:, -1], self._ends) | (self._budgets <= said)
        self.is_enough = self._listener is not None and self._listener.has_enough()
        if self.is_enough or (self._at_most and int((~self._over).sum()) <= self._at_most):
            return torch.ones_like(self._over)
        return self._over


def _is_divisible(cache: Any) -> bool:
    """Whether rows can be taken out of what a model remembers: so it is where attention alone remembers."""
    from transformers.cache_utils import DynamicLayer, DynamicSlidingWindowLayer

    return all(type(layer) in (DynamicLayer, DynamicSlidingWindowLayer) for layer in getattr(cache, "layers", [None]))


def _begins_with_a_prefix(model: Any) -> bool:
    """Whether peft puts learned words before the prompt; it does so at the beginning of an answer alone."""
    return hasattr(model, "peft_config") and model.active_peft_config.is_prompt_learning


def context_of(model: Any) -> int:
    """How many tokens the model can hold, those of a learned prefix left out."""
    config: Any = model.config.get_text_config()
    learned = model.active_peft_config.num_virtual_tokens if _begins_with_a_prefix(model) else 0
    return int(getattr(config, "max_position_embeddings", 0) or 2**20) - learned


def training_matters(sides: Sides, tokenizer: "PreTrainedTokenizerBase", prompt: Chat) -> bool:
    """Whether what was trained computes something else than the base, for one prompt."""
    import torch

    scores = []
    for on in (True, False):
        with sides.side(on=on) as model, torch.no_grad():
            scores.append(model(**encode(tokenizer, [prompt]).to(model.device)).logits)
    return not torch.equal(*scores)


def encode(tokenizer: "PreTrainedTokenizerBase", prompts: Sequence[Chat]) -> Any:
    """Prompts as the chat template writes them, up to where an answer begins, padded on the left."""
    plainly = asked_plainly(tokenizer)
    written: Any = [
        tokenizer.apply_chat_template(
            conversation(prompt.messages),
            tools=tool_list(prompt.tools),
            add_generation_prompt=True,
            tokenize=False,
            **plainly,
        )
        for prompt in prompts
    ]
    # Not in one call: apply_chat_template takes padding_side and pads on the right all the same.
    return tokenizer(written, padding=True, padding_side="left", add_special_tokens=False, return_tensors="pt")


def end_tokens(model: Any, tokenizer: "PreTrainedTokenizerBase") -> list[int]:
    """Every token that ends an answer, by the tokenizer, its chat template or the model's own settings."""
    own: Any = model.generation_config.eos_token_id
    listed: list[Any] = [*own] if isinstance(own, list) else [own]
    written = known_end(tokenizer)
    listed += [tokenizer.eos_token_id, tokenizer.convert_tokens_to_ids(written) if written else None]
    return sorted({token for token in listed if token is not None})

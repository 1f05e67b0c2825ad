"""Answering: let a model answer a batch of prompts, with its adapter, without it, or mixed row by row."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from studio.domain.answers import known_end
from studio.domain.chat import Chat, conversation, tool_list
from studio.domain.sampling import Sampling

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

BASE = "__base__"  # how peft names the model without any adapter
TUNED = "tuned"


class Listener(Protocol):
    """Who follows the writing: `put` is given the prompts, then the next token of every row; `end` comes last."""

    def put(self, value: Any) -> None: ...

    def end(self) -> None: ...

    def has_enough(self) -> bool: ...


def answer(
    model: Any,
    tokenizer: "PreTrainedTokenizerBase",
    prompts: Sequence[Chat],
    *,
    sampling: Sampling,
    adapters: Sequence[str] | None = None,
    listener: Listener | None = None,
) -> list[str]:
    """One answer per prompt, as text without special tokens; `adapters` names the adapter of each row.

    A `listener` is told every token as it comes, and may end the writing.

    Greedy at temperature 0, otherwise drawn from torch's random state. Every setting is given here, so that defaults
    that a model brings along (a penalty, a top-k) change neither side.
    """
    import torch
    from transformers import GenerationConfig

    inputs = encode(tokenizer, prompts).to(model.device)
    chance: dict[str, Any] = {"do_sample": False}
    if sampling.temperature > 0:
        chance = {"do_sample": True, "temperature": sampling.temperature, "top_p": sampling.top_p, "top_k": 0}
    settings = GenerationConfig(
        max_new_tokens=sampling.max_new_tokens,
        num_beams=1,
        repetition_penalty=1.0,
        use_cache=True,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=end_tokens(model, tokenizer),
        **chance,
    )
    which: dict[str, Any] = {} if adapters is None else {"adapter_names": list(adapters)}
    if listener is not None:
        which |= {"streamer": listener, "stopping_criteria": [_ends_when(listener)]}
    with torch.no_grad():
        tokens = model.generate(**inputs, generation_config=settings, **which)
    return tokenizer.batch_decode(tokens[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True)


def _ends_when(listener: Listener) -> Any:
    """The wish of a listener as the library asks for it: after every token, for every row."""

    def is_over(input_ids: Any, scores: Any, **_: Any) -> Any:
        import torch

        return torch.full((input_ids.shape[0],), listener.has_enough(), dtype=torch.bool, device=input_ids.device)

    return is_over


@dataclass(frozen=True, slots=True)
class Pair:
    """The base and what was trained from it: one model with and without its adapter, or two models.

    Without anything trained, both are the base.
    """

    base: Any
    tuned: Any

    @property
    def is_trained(self) -> bool:
        return self.tuned is not self.base or hasattr(self.tuned, "peft_config")

    @property
    def can_mix(self) -> bool:
        """Whether one batch can hold rows with and without the adapter: peft can do so for LoRA, and not for DoRA."""
        config = self.tuned.peft_config[TUNED] if hasattr(self.tuned, "peft_config") else None
        return config is not None and config.peft_type == "LORA" and not config.use_dora

    def alone(self) -> AbstractContextManager[Any]:
        """The base without what was trained."""
        return self.base.disable_adapter() if hasattr(self.base, "peft_config") else nullcontext()


def answer_both(
    pair: Pair, tokenizer: "PreTrainedTokenizerBase", prompts: Sequence[Chat], *, sampling: Sampling, seed: int
) -> tuple[list[str], list[str]]:
    """The base's answers and the tuned ones, from one batch where that is possible, else from two equal ones."""
    import torch

    torch.manual_seed(seed)
    if pair.can_mix:
        adapters = [BASE] * len(prompts) + [TUNED] * len(prompts)
        texts = answer(pair.tuned, tokenizer, [*prompts, *prompts], sampling=sampling, adapters=adapters)
        return texts[: len(prompts)], texts[len(prompts) :]
    with pair.alone():
        base = answer(pair.base, tokenizer, prompts, sampling=sampling)
    if not pair.is_trained:
        return base, base
    torch.manual_seed(seed)
    return base, answer(pair.tuned, tokenizer, prompts, sampling=sampling)


def training_matters(pair: Pair, tokenizer: "PreTrainedTokenizerBase", prompt: Chat) -> bool:
    """Whether what was trained computes something else than the base, for one prompt."""
    import torch

    inputs = encode(tokenizer, [prompt]).to(pair.base.device)
    with torch.no_grad():
        tuned = pair.tuned(**inputs).logits
        with pair.alone():
            base = pair.base(**inputs).logits
    return not torch.equal(base, tuned)


def encode(tokenizer: "PreTrainedTokenizerBase", prompts: Sequence[Chat]) -> Any:
    """Prompts as the chat template writes them, up to where an answer begins, padded on the left."""
    written: Any = [
        tokenizer.apply_chat_template(
            conversation(prompt.messages), tools=tool_list(prompt.tools), add_generation_prompt=True, tokenize=False
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

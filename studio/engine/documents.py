"""Documents: attention for rows that lie end to end, each seeing itself alone, by construction and without a mask.

Rows of a part are put one after the other instead of being padded to the longest. Their lengths are worked out once a
step; every layer then computes the attention of each row by itself, so that there is nothing through which one could
see another.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from inspect import signature
from typing import Any

import torch
from peft import PeftModel
from torch.nn.functional import scaled_dot_product_attention
from torch.nn.utils.rnn import pad_sequence
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import repeat_kv, sdpa_attention_forward
from transformers.masking_utils import sdpa_mask
from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

NAME = "documents"
WASTE = 1.25  # rows are computed side by side as long as the longest of them makes it at most so much more work
NEWEST_KERNELS = (8, 0)  # CUDA capability from which torch has its own attention for rows of different lengths


@dataclass(frozen=True, slots=True)
class Documents:
    """The lengths of the rows that lie end to end, and which of them are computed side by side."""

    lengths: tuple[int, ...]
    groups: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, lengths: Sequence[int]) -> "Documents":
        return cls(tuple(lengths), groups_of(lengths))


def groups_of(lengths: Sequence[int]) -> tuple[tuple[int, ...], ...]:
    """Rows of like length together; in each group the longest times their number is near what they hold."""
    groups: list[list[int]] = []
    held = 0
    for position in sorted(range(len(lengths)), key=lambda at: -lengths[at]):
        own = lengths[position]
        if groups and lengths[groups[-1][0]] * (len(groups[-1]) + 1) <= WASTE * (held + own):
            groups[-1].append(position)
            held += own
        else:
            groups.append([position])
            held = own
    return tuple(map(tuple, groups))


def lay_end_to_end(trainer: Any) -> None:
    """Let a trainer put the rows of a part end to end, for training and for checks, and its model keep them apart."""
    AttentionInterface.register(NAME, attend)
    AttentionMaskInterface.register(NAME, mask_of)
    _model(trainer).set_attn_implementation(NAME)
    collate = DataCollatorForLanguageModeling(trainer.processing_class.pad_token_id, padding_free=True)

    def collated(rows: list[dict[str, Any]]) -> dict[str, Any]:
        return {**collate(rows), "documents": Documents.of([len(row["input_ids"]) for row in rows])}

    trainer.data_collator = collated


def lay_side_by_side(trainer: Any) -> None:
    """Undo it: rows are padded to the longest of their part again."""
    _model(trainer).set_attn_implementation("sdpa")
    trainer.data_collator = DataCollatorForLanguageModeling(pad_token_id=trainer.processing_class.pad_token_id)
    trainer.batches.packed = False


def _model(trainer: Any) -> Any:
    return trainer.model.get_base_model() if isinstance(trainer.model, PeftModel) else trainer.model


def mask_of(*, q_length: int, kv_length: int, attention_mask: torch.Tensor | None = None, **rest: Any) -> Any:
    """No mask without padding: `attend` knows by itself what each word may see."""
    if attention_mask is None and q_length == kv_length:
        return None
    return sdpa_mask(q_length=q_length, kv_length=kv_length, attention_mask=attention_mask, **rest)


def attend(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    *,
    dropout: float = 0.0,
    scaling: float | None = None,
    sliding_window: int | None = None,
    documents: Documents | None = None,
    **rest: Any,
) -> tuple[torch.Tensor, None]:
    """Attention over (batch, heads, tokens, head size), in transformers' form; with `documents`, a batch of one.

    Without documents it is torch's own attention, as transformers calls it; so it is for rows of one length, which need
    no kernel of their own (on an H200, two rows of 8,192 tokens trained 11 % slower with it).
    """
    if documents is None:
        if attention_mask is None and sliding_window and sliding_window < query.shape[2] == key.shape[2]:
            attention_mask = _band(query.shape[2], sliding_window, query.device)
        rest |= {"dropout": dropout, "scaling": scaling, "sliding_window": sliding_window}
        return sdpa_attention_forward(module, query, key, value, attention_mask, **rest)
    if dropout or rest.get("softcap") is not None:
        raise ValueError("attention with dropout or a cap on its scores is not computed row by row")
    together = [part[0].transpose(0, 1) for part in (query, key, value)]  # (tokens, heads, head size)
    if query.is_cuda and _has_kernels(query.device.index) and len(set(documents.lengths)) > 1:
        return _by_kernel(together, documents, rest["cu_seq_lens_q"], scaling, sliding_window)[None], None
    return _by_groups(together, documents, scaling, sliding_window)[None], None


def _by_groups(
    together: list[torch.Tensor], documents: Documents, scaling: float | None, window: int | None
) -> torch.Tensor:
    """Rows of like length side by side. What pads them comes after their words, which look back only."""
    query, key, value = together
    times = query.shape[1] // key.shape[1]
    rows = [part.split(documents.lengths) for part in (query, key, value)]
    done: list[torch.Tensor] = [query] * len(documents.lengths)
    for group in documents.groups:
        q, k, v = (pad_sequence([part[at] for at in group], batch_first=True).transpose(1, 2) for part in rows)
        band = _band(q.shape[2], window, q.device) if window and window < q.shape[2] else None
        made = scaled_dot_product_attention(
            q, repeat_kv(k, times), repeat_kv(v, times), attn_mask=band, is_causal=band is None, scale=scaling
        ).transpose(1, 2)
        for place, at in enumerate(group):
            done[at] = made[place, : documents.lengths[at]]
    return torch.cat(done)


def _by_kernel(
    together: list[torch.Tensor], documents: Documents, ends: torch.Tensor, scaling: float | None, window: int | None
) -> torch.Tensor:
    """torch's kernel for rows of different lengths, which is given where each one begins."""
    from torch.nn.attention.varlen import varlen_attn

    query, key, value = (part.to(torch.bfloat16).contiguous() for part in together)
    longest = max(documents.lengths)
    shared: dict[str, Any] = {}
    if query.shape[1] != key.shape[1]:
        if _shares_heads():
            shared["enable_gqa"] = True
        else:
            times = query.shape[1] // key.shape[1]
            key, value = (part.repeat_interleave(times, dim=1) for part in (key, value))
    return varlen_attn(
        query,
        key,
        value,
        ends,
        ends,
        longest,
        longest,
        scale=scaling,
        window_size=(window - 1 if window else -1, 0),
        **shared,
    )  # type: ignore[return-value]


@cache
def _has_kernels(device: int) -> bool:
    """Whether torch brings attention for rows of different lengths, and this GPU can run it."""
    if find_spec("torch.nn.attention.varlen") is None:
        return False
    return torch.cuda.get_device_capability(device) >= NEWEST_KERNELS


@cache
def _shares_heads() -> bool:
    """Whether the kernel lets several heads look at one key by itself: torch 2.11 does not."""
    from torch.nn.attention.varlen import varlen_attn

    return "enable_gqa" in signature(varlen_attn).parameters


def _band(length: int, window: int, device: torch.device) -> torch.Tensor:
    """What a word may see in a layer that looks back over `window` words only, its own among them."""
    at = torch.arange(length, device=device)
    back = at[:, None] - at[None, :]
    return (back >= 0) & (back < window)

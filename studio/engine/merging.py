"""Merging: write what was learned into the unquantised weights of the base, and measure that nothing was lost by it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.domain.chat import Chat, conversation, tool_list
from studio.domain.errors import ExportError
from studio.domain.row import Row
from studio.engine.adapters import check_adapter
from studio.engine.checkpoints import Manifest
from studio.engine.load import check_model_folder

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

SHARD = "5GB"
COMPARED_WORDS = 64  # tokens at the end of each row
MOST_LOST = 0.5  # of what the adapter changes
SAME_CHOICES = 0.98


@dataclass(frozen=True, slots=True)
class Likeness:
    """How the delivered weights answer beside those that were trained, over so many places of a few rows.

    `largest` and `typical` (root mean square) are differences of logits, `learned` is by how much training itself
    changed them (root mean square); `same` counts the places where both would write the same next token.
    """

    rows: int
    places: int
    same: int
    largest: float
    typical: float
    learned: float

    @property
    def is_close(self) -> bool:
        """Whether what was learned is still there: most of the change, or nearly every choice of a word."""
        return self.typical <= MOST_LOST * self.learned or self.same >= SAME_CHOICES * self.places

    @property
    def sentence(self) -> str:
        return (
            f"Read back from its files, it would write the same next token at {self.same:,} of {self.places:,} places "
            f"of {self.rows} validation rows. Logits differ by {self.typical:.4f} (root mean square) and at most "
            f"{self.largest:.4f}; training had changed them by {self.learned:.4f}."
        )


def merge(
    base: Path,
    checkpoint: Path,
    manifest: Manifest,
    *,
    to: Path,
    tokenizer: "PreTrainedTokenizerBase",
    rows: Sequence[Row],
    begin: Callable[[str], None],
) -> Likeness:
    """Write the whole model into the folder `to`, read it back, and say how near it is; ExportError where it is not.

    `begin` is told each part of the work before it starts.
    """
    begin("loading the base model")
    model = load_plain(base)
    texts = [_tokens(tokenizer, row) for row in rows]
    untrained = _logits(model, texts)
    if manifest.is_whole_model:
        dtype = model.dtype
        del model
        whole = load_plain(checkpoint, dtype=dtype)
        trained = _logits(whole, texts)
    else:
        from peft import PeftModel

        begin("merging")
        check_adapter(checkpoint)
        tuned: Any = PeftModel.from_pretrained(model, str(checkpoint), is_trainable=False).eval()
        trained = _logits(tuned, texts)
        whole = tuned.merge_and_unload(safe_merge=True)
        del model, tuned
    begin("writing the weights")
    whole.save_pretrained(to, max_shard_size=SHARD)
    del whole
    begin("reading the weights back")
    delivered = _logits(load_plain(to), texts)
    return _checked(likeness(untrained, trained, delivered))


def load_plain(folder: Path, *, dtype: Any = "auto") -> Any:
    """The folder's weights in main memory, unquantised and in their own precision unless another is asked for."""
    from transformers import AutoModelForCausalLM

    check_model_folder(folder)
    return AutoModelForCausalLM.from_pretrained(
        folder, dtype=dtype, local_files_only=True, trust_remote_code=False, use_safetensors=True
    ).eval()


def likeness(untrained: Sequence[Any], trained: Sequence[Any], delivered: Sequence[Any]) -> Likeness:
    """Compare logits, a matrix of places × words for each row."""
    import torch

    before, meant, found = (torch.cat(list(each)) for each in (untrained, trained, delivered))
    if not torch.isfinite(found).all():
        raise ExportError(
            "The merged weights compute something that is no number.", fix="Deliver the adapter instead of merging it."
        )
    apart = found - meant
    return Likeness(
        rows=len(trained),
        places=len(meant),
        same=int((found.argmax(-1) == meant.argmax(-1)).sum()),
        largest=float(apart.abs().max()),
        typical=float(apart.square().mean().sqrt()),
        learned=float((meant - before).square().mean().sqrt()),
    )


def _checked(found: Likeness) -> Likeness:
    if not found.is_close:
        raise ExportError(
            f"The merged weights do not answer as the adapter does, so they are not delivered. {found.sentence}",
            fix="Deliver the adapter, which is exactly what was trained.",
        )
    return found


def _logits(model: Any, texts: Sequence[Any]) -> list[Any]:
    """What a model expects after each of the last words of every text."""
    import torch

    with torch.no_grad():
        return [
            model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits[0, -COMPARED_WORDS:].float()
            for ids in texts
        ]


def _tokens(tokenizer: "PreTrainedTokenizerBase", row: Row) -> Any:
    """A whole row as the model reads it."""
    if row.is_text:
        return tokenizer(row.answer, return_tensors="pt")["input_ids"]
    chat = Chat(row.messages, row.tools)
    written: Any = tokenizer.apply_chat_template(
        conversation(chat.messages), tools=tool_list(chat.tools), tokenize=True, return_dict=True, return_tensors="pt"
    )
    return written["input_ids"]

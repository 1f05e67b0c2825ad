"""Rows that lie end to end do not see each other, and teach what padded rows teach."""

from pathlib import Path
from typing import Any

import pytest

from studio.domain.event import EventKind
from studio.domain.plan import Way
from studio.domain.recipe import Recipe
from studio.domain.row import Message, Row
from studio.engine import documents, train
from studio.engine.documents import Documents, groups_of
from studio.engine.load import load_model, load_tokenizer
from studio.engine.rows import read_rows
from tests.engine.conftest import RECIPE, Notebook, train_spec

END_TO_END, PADDED = Way(packed=True), Way()
STARTER = Path(__file__).parents[2] / "assets" / "starter"
STILL = {"dropout": 0.0, "packing": "auto"}
TEXTS = [Row(n, n + 1, (Message("text", "The lamp is on the table. " * (n + 1)),)) for n in range(6)]


def built(model: Path, rows: list[Row], tmp_path: Path, way: Way, recipe: Recipe = RECIPE) -> Any:
    import torch

    from studio.engine.trainer import build_trainer

    torch.manual_seed(0)
    loaded = load_model(model, quantisation=recipe.quantisation, in_full_precision=recipe.method == "full")
    trainer = build_trainer(
        loaded, load_tokenizer(model), recipe=recipe, train=rows, validation=rows[:4], staging=tmp_path, way=way
    )
    with torch.no_grad():  # an adapter that has learned something, so that all of it has a gradient
        for weight in trainer.model.parameters():
            if weight.requires_grad and recipe.method != "full":
                noise = torch.randn(weight.shape, generator=torch.Generator().manual_seed(weight.numel()))
                weight += 0.02 * noise.to(weight.device)
    return trainer


def losses(trainer: Any, rows: list[int]) -> list[float]:
    """How badly each word of these rows is followed by its next, as the trainer puts them together; the last by none."""
    import torch

    batch = trainer._prepare_inputs(trainer.data_collator([trainer.train_dataset[row] for row in rows]))
    with torch.no_grad():
        told = (-trainer.model.eval()(**batch, fused_lm_head=True).log_probs[0]).tolist()
    return [*told, 0.0]


def gradient(trainer: Any, rows: list[int]) -> Any:
    """The gradient of the summed loss of these rows, one long vector, and that loss."""
    import torch

    trainer.model.train()
    trainer.model.zero_grad()
    batch = trainer._prepare_inputs(trainer.data_collator([trainer.train_dataset[row] for row in rows]))
    loss = trainer.compute_loss(trainer.model, batch, num_items_in_batch=torch.tensor(1))
    loss.backward()
    every = [weight.grad.flatten() for weight in trainer.model.parameters() if weight.grad is not None]
    return torch.cat(every), float(loss.detach())


@pytest.fixture(scope="module")
def packed(tiny_model: Path, dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    rows, folder = read_rows(dataset, range(22)), tmp_path_factory.mktemp("packed")
    return built(tiny_model, rows, folder, END_TO_END, RECIPE.model_copy(update=STILL))


def test_the_loss_of_every_word_in_a_pack_is_that_of_its_row_alone(packed):
    together = losses(packed, [0, 1, 2, 3, 4])
    alone = [loss for row in range(5) for loss in losses(packed, [row])]
    assert sum(loss > 0 for loss in alone) > 50
    assert together == pytest.approx(alone, abs=2e-2)


def test_other_words_in_one_row_change_nothing_in_the_others_to_the_bit(packed, monkeypatch):
    before = losses(packed, [0, 1, 2])
    rows = [dict(packed.train_dataset[row]) for row in range(3)]
    rows[1]["input_ids"] = rows[1]["input_ids"][::-1]
    monkeypatch.setattr(packed, "train_dataset", rows)
    after = losses(packed, [0, 1, 2])
    first, second = len(rows[0]["input_ids"]), len(rows[1]["input_ids"])
    assert after[: first - 1] == before[: first - 1]
    assert after[first + second - 1 :] == before[first + second - 1 :]
    assert after[first : first + second - 1] != before[first : first + second - 1]


@pytest.mark.parametrize("kind", ["answers", "texts", "full"])
def test_packed_and_padded_give_the_same_gradient(kind: str, tiny_model, dataset, tmp_path):
    import torch

    recipe = (RECIPE.by("full") if kind == "full" else RECIPE.model_copy(update=STILL)).model_copy(
        update={"max_length": 48 if kind == "texts" else 256}
    )
    rows = TEXTS if kind == "texts" else read_rows(dataset, range(22))
    one, other = (
        gradient(built(tiny_model, rows, tmp_path, way, recipe), [0, 1, 2, 3]) for way in (END_TO_END, PADDED)
    )
    assert one[1] == pytest.approx(other[1], rel=1e-3)
    assert torch.nn.functional.cosine_similarity(one[0], other[0], dim=0) > 0.999
    assert float(one[0].norm()) == pytest.approx(float(other[0].norm()), rel=1e-2)


def test_a_packed_run_counts_its_words_and_is_the_padded_one_within_rounding(tmp_path, tiny_model, dataset):
    recipe = RECIPE.model_copy(update={**STILL, "epochs": 0.5, "evaluations": 1, "patience": 0})
    told = {}
    for name, way in (("packed", {"packed": True}), ("padded", {})):
        told[name] = Notebook()
        spec = train_spec(tmp_path / name, dataset, tiny_model, recipe=recipe) | {"way": way, "expected_steps": None}
        assert train.train(spec, told[name]).state == "done"
    assert not told["packed"].of(EventKind.NOTE)
    for curve in ("loss", "validation_loss"):
        assert told["packed"].curve(curve) == pytest.approx(told["padded"].curve(curve), abs=2e-2)
    assert told["packed"].curve("tokens") == told["padded"].curve("tokens")


def mixing(*args: Any, documents: Any = None, **rest: Any) -> Any:
    from transformers.integrations.sdpa_attention import sdpa_attention_forward

    return sdpa_attention_forward(*args, **rest)


def refusing(*args: Any, documents: Any = None, **rest: Any) -> Any:
    if documents is not None:
        raise TypeError("this kernel takes nothing of the kind")
    return mixing(*args, **rest)


@pytest.mark.parametrize("attend", [mixing, refusing])
def test_a_model_that_would_mix_rows_or_cannot_is_trained_padded_and_it_is_said(
    attend, tmp_path, tiny_model, dataset, monkeypatch
):
    monkeypatch.setattr(documents, "attend", attend)
    recipe = RECIPE.model_copy(update={"epochs": 0.2, "evaluations": 1})
    told = Notebook()
    spec = train_spec(tmp_path, dataset, tiny_model, recipe=recipe) | {"way": {"packed": True}, "expected_steps": None}
    assert train.train(spec, told).state == "done"
    assert [note["text"] for note in told.of(EventKind.NOTE)] == [train.NOT_APART]


FAMILIES = {
    "Gemma3Text": {"sliding_window": 8, "layer_types": ["sliding_attention", "full_attention"], "head_dim": 16},
    "Granite": {"attention_multiplier": 0.3},
    "Llama": {},
    "Mistral": {"sliding_window": 8},
    "Olmo2": {},
    "Phi3": {"sliding_window": 8, "pad_token_id": 0},
    "Qwen2": {"use_sliding_window": True, "sliding_window": 8, "max_window_layers": 1},
    "Qwen3": {"head_dim": 16},
    "SmolLM3": {"pad_token_id": 0},
}


@pytest.mark.parametrize("family", FAMILIES)
def test_rows_end_to_end_are_computed_as_transformers_computes_them_alone(family: str):
    """Every architecture that can be trained, also where its layers look back over a few words only."""
    import torch
    import transformers
    from transformers import AttentionInterface, AttentionMaskInterface

    sizes = {
        "vocab_size": 50, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4,
        "num_key_value_heads": 2, "max_position_embeddings": 64,
    }  # fmt: skip
    torch.manual_seed(1)
    config = getattr(transformers, f"{family}Config")(**sizes | FAMILIES[family])
    named = "Gemma3ForCausalLM" if family == "Gemma3Text" else f"{family}ForCausalLM"
    model = getattr(transformers, named)._from_config(config, attn_implementation="sdpa").eval()
    lengths = [5, 21, 13, 12]
    rows = [torch.randint(1, 50, (1, length)) for length in lengths]
    with torch.no_grad():
        alone = torch.cat([model(input_ids=row).logits[0] for row in rows])
        AttentionInterface.register(documents.NAME, documents.attend)
        AttentionMaskInterface.register(documents.NAME, documents.mask_of)
        model.set_attn_implementation(documents.NAME)
        positions = torch.cat([torch.arange(length) for length in lengths])[None]
        laid = Documents.of(lengths)
        together = model(input_ids=torch.cat(rows, 1), position_ids=positions, documents=laid, use_cache=False)
        again = torch.cat([model(input_ids=row).logits[0] for row in rows])
    assert torch.allclose(together.logits[0], alone, atol=1e-4)
    assert torch.allclose(again, alone, atol=1e-4)


def test_no_mask_is_made_for_rows_that_lie_end_to_end():
    import torch

    assert documents.mask_of(batch_size=1, q_length=9, kv_length=9) is None
    padded = torch.tensor([[1, 1, 0]])
    assert documents.mask_of(batch_size=1, q_length=3, kv_length=3, attention_mask=padded) is not None


def test_groups_hold_every_row_once_and_little_of_nothing():
    lengths = [7, 100, 90, 95, 8, 7, 1000, 9]
    groups = groups_of(lengths)
    assert sorted(row for group in groups for row in group) == list(range(8))
    for group in groups:
        assert max(lengths[row] for row in group) * len(group) <= 1.25 * sum(lengths[row] for row in group)
    assert len(groups) == 3


def test_the_libraries_still_say_where_packed_rows_begin_and_leave_the_first_word_of_each_unlearned():
    from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

    rows = [{"input_ids": [5, 6, 7], "labels": [5, 6, 7]}, {"input_ids": [8, 9], "labels": [8, 9]}]
    batch = DataCollatorForLanguageModeling(0, padding_free=True)(rows)
    assert "attention_mask" not in batch
    assert batch["position_ids"].tolist() == [[0, 1, 2, 0, 1]]
    assert batch["labels"].tolist() == [[-100, 6, 7, -100, 9]]
    assert batch["cu_seq_lens_q"].tolist() == [0, 3, 5] and batch["max_length_q"] == 3


def test_torchs_kernel_is_still_called_as_it_is_called_here():
    import inspect

    from torch.nn.attention.varlen import varlen_attn

    names = list(inspect.signature(varlen_attn).parameters)
    assert names[:7] == ["query", "key", "value", "cu_seq_q", "cu_seq_k", "max_q", "max_k"]
    assert {"scale", "window_size"} <= set(names)
    assert documents._shares_heads() is ("enable_gqa" in names)

"""A model folder is checked before anything loads it."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from studio.domain.errors import RecipeError
from studio.recipes.local import check_model_folder
from studio.recipes.shape import shape_of
from tests.recipes.conftest import CONFIG, TEMPLATE, write_json


def test_a_whole_model_is_accepted_by_the_name_of_its_folder(model_folder):
    checked = check_model_folder(model_folder)
    assert checked.title == "small-model"
    assert checked.shape == shape_of(CONFIG)


def test_the_starter_model_is_accepted(root):
    assert check_model_folder(root / "assets" / "starter").shape.parameters < 10_000_000


def test_a_snapshot_of_a_hub_cache_made_of_links_is_accepted_by_its_models_name(model_folder, tmp_path):
    snapshot = tmp_path / "models--Qwen--Qwen3-4B" / "snapshots" / "0123abcd"
    snapshot.mkdir(parents=True)
    blobs = tmp_path / "models--Qwen--Qwen3-4B" / "blobs"
    model_folder.rename(blobs)
    for path in blobs.iterdir():
        (snapshot / path.name).symlink_to(Path("../../blobs") / path.name)
    assert check_model_folder(snapshot).title == "Qwen3-4B"


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja"])
def test_a_file_that_is_a_link_to_elsewhere_is_refused(model_folder, tmp_path, name):
    """What it leads to would be shown, and delivered, as the model's own words."""
    away = tmp_path / "of somebody else"
    away.write_text((model_folder / name).read_text() if (model_folder / name).exists() else "a private key")
    (model_folder / name).unlink(missing_ok=True)
    (model_folder / name).symlink_to(away)
    refuse(model_folder, f"{name} in small-model is a link to somewhere else")


@pytest.mark.parametrize("change", [
    {"num_labels": 10**9}, {"id2label": {str(n): "x" for n in range(20_000)}}, {"text": [{"num_labels": 1e12}]},
], ids=["number", "names", "nested"])  # fmt: skip
def test_labels_that_would_fill_the_memory_are_refused(model_folder, change):
    write_json(model_folder / "config.json", {**CONFIG, **change})
    refuse(model_folder, "more labels than any text model has")


@pytest.mark.parametrize("change", [
    {"_attn_implementation": "evil/kernel"}, {"_attn_implementation_internal": "evil-kernel@main"},
    {"attn_implementation": {"text": "sdpa", "vision": "evil:kernel"}}, {"_experts_implementation_internal": "evil"},
    {"text": {"kernel_config": {"RMSNorm": "evil/norm"}}}, {"use_kernels": True}, {"nested": [{"auto_map": {"a": "b"}}]},
], ids=str)  # fmt: skip
def test_ways_to_compute_that_would_be_fetched_are_refused(model_folder, change):
    write_json(model_folder / "config.json", {**CONFIG, **change})
    refuse(model_folder, "asks to run code of its own")


@pytest.mark.parametrize("way", ["eager", "sdpa", "flash_attention_2", None])
def test_ways_to_compute_that_come_with_the_libraries_are_not(model_folder, way):
    write_json(model_folder / "config.json", {**CONFIG, "_attn_implementation": way})
    assert check_model_folder(model_folder)


def test_a_chat_template_of_a_book_is_none(model_folder):
    (model_folder / "chat_template.jinja").write_text("a" * 100_001)
    refuse(model_folder, "far too long")


def test_weights_in_several_files_are_accepted_when_all_are_there(model_folder):
    in_two_files(model_folder)
    assert check_model_folder(model_folder).shape == shape_of(CONFIG)


def test_a_missing_shard_is_named(model_folder):
    in_two_files(model_folder)
    (model_folder / "b.safetensors").unlink()
    refuse(model_folder, "1 of 2 weight files are missing: b.safetensors")


@pytest.mark.parametrize("name", ["../b.safetensors", "/etc/passwd", "b.bin"])
def test_an_index_cannot_point_elsewhere(model_folder, name):
    in_two_files(model_folder)
    write_json(model_folder / "model.safetensors.index.json", {"weight_map": {"one": name}})
    refuse(model_folder, "points outside its folder or to another format")


def test_a_missing_folder_is_refused(tmp_path):
    refuse(tmp_path / "nowhere", "There is no folder")


def test_an_adapter_is_not_taken_for_a_model(model_folder):
    write_json(model_folder / "adapter_config.json", {})
    refuse(model_folder, "holds an adapter")


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("config.json", "holds no config.json"),
        ("tokenizer.json", "holds no tokenizer.json"),
        ("tokenizer_config.json", "holds no tokenizer_config.json"),
        ("model.safetensors", "holds no weights"),
    ],
)
def test_a_missing_file_is_named(model_folder, name, sentence):
    (model_folder / name).unlink()
    refuse(model_folder, sentence)


def test_a_link_to_nothing_counts_as_missing(model_folder):
    (model_folder / "model.safetensors").unlink()
    (model_folder / "model.safetensors").symlink_to(model_folder / "gone")
    refuse(model_folder, "holds no weights")


def test_a_pipe_in_place_of_a_file_is_never_opened(model_folder):
    (model_folder / "config.json").unlink()
    os.mkfifo(model_folder / "config.json")
    refuse(model_folder, "holds no config.json")


def test_pickled_weights_are_refused(model_folder):
    (model_folder / "model.safetensors").unlink()
    (model_folder / "pytorch_model.bin").write_bytes(b"anything")
    refuse(model_folder, "pytorch_model.bin, not in safetensors")


def test_weights_cut_short_are_refused(model_folder):
    path = model_folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-10])
    refuse(model_folder, "bytes where")


@pytest.mark.parametrize("start", [b"", b"\x01", (2**40).to_bytes(8, "little"), (5).to_bytes(8, "little") + b"[1,2]"])
def test_a_file_that_is_no_safetensors_is_refused_without_reading_it_whole(model_folder, start):
    (model_folder / "model.safetensors").write_bytes(start)
    refuse(model_folder, "cut short|damaged header")


def test_a_header_that_claims_gigabytes_is_refused(model_folder):
    with (model_folder / "model.safetensors").open("wb") as file:
        file.write((1_000_000_000).to_bytes(8, "little"))
        file.truncate(2_000_000_000)  # sparse: takes no room on the disk
    refuse(model_folder, "is not a safetensors file")


def test_compressed_weights_are_refused(model_folder):
    numbers = np.zeros(shape_of(CONFIG).parameters, dtype=np.int8)
    save_file({"weights": numbers}, model_folder / "model.safetensors")
    refuse(model_folder, "compressed weights")


def test_weights_of_another_model_are_refused(model_folder):
    save_file({"weights": np.zeros(10, dtype=np.float16)}, model_folder / "model.safetensors")
    refuse(model_folder, "config.json describes .* parameters, but the weights hold 10")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"auto_map": {"AutoConfig": "evil.Config"}}, "run code of its own .config.json: auto_map"),
        ({"quantization_config": {"bits": 4}}, "already compressed"),
        ({"vision_config": {"depth": 2}}, "pictures or sound"),
        ({"architectures": ["GPT2LMHeadModel"]}, "GPT2LMHeadModel cannot be fine-tuned here"),
    ],
)
def test_a_configuration_that_cannot_be_trusted_or_trained_is_refused(model_folder, change, sentence):
    write_json(model_folder / "config.json", {**CONFIG, **change})
    refuse(model_folder, sentence)


@pytest.mark.parametrize("text", ["", "{", "[]", "\x00", '{"a": ' + "[" * 40])
def test_a_damaged_configuration_is_refused(model_folder, text):
    (model_folder / "config.json").write_text(text, encoding="utf-8")
    refuse(model_folder, "config.json")


def test_code_named_by_the_tokenizer_is_refused(model_folder):
    write_json(
        model_folder / "tokenizer_config.json", {"chat_template": TEMPLATE, "auto_map": {"AutoTokenizer": "x.Y"}}
    )
    refuse(model_folder, "run code of its own .tokenizer_config.json")


def test_a_model_without_a_chat_template_is_told_apart(model_folder):
    assert check_model_folder(model_folder).has_template
    write_json(model_folder / "tokenizer_config.json", {})
    assert not check_model_folder(model_folder).has_template
    (model_folder / "chat_template.jinja").write_text(TEMPLATE, encoding="utf-8")
    assert check_model_folder(model_folder).has_template


def in_two_files(folder: Path) -> None:
    """Split the weights as large models are split."""
    half = shape_of(CONFIG).parameters // 2
    (folder / "model.safetensors").unlink()
    save_file({"one": np.zeros(half, dtype=np.float16)}, folder / "a.safetensors")
    save_file({"two": np.zeros(half, dtype=np.float16)}, folder / "b.safetensors")
    index = {"weight_map": {"one": "a.safetensors", "two": "b.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index), encoding="utf-8")


def refuse(folder: Path, sentence: str) -> None:
    """The folder is refused with this sentence, and with something to do about it."""
    with pytest.raises(RecipeError, match=sentence) as refused:
        check_model_folder(folder)
    assert refused.value.fix

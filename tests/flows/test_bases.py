"""A base model is known by all of its files that have a say in its answers, and by nothing else beside them."""

from pathlib import Path

import pytest

from studio.domain.base import base_fingerprint
from studio.flows import bases
from studio.recipes.hub.manifest import write_manifest
from studio.recipes.hub.repository import File, Repository


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("model.safetensors", "config.json", "tokenizer.json", "chat_template.jinja"):
        (tmp_path / name).write_text(name)
    return tmp_path


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "tokenizer.json", "chat_template.jinja"])
def test_another_byte_in_any_file_is_another_base(folder: Path, name: str) -> None:
    before = base_fingerprint(folder)
    (folder / "README.md").write_text("Read me.")
    assert base_fingerprint(folder) == before == bases.known_fingerprint(folder)
    (folder / name).write_text(f"{name} changed")
    assert base_fingerprint(folder) != before != bases.known_fingerprint(folder)


def test_large_weights_are_not_read_at_a_press_unless_their_download_proved_them(folder: Path) -> None:
    with (folder / "model.safetensors").open("r+b") as file:
        file.truncate(bases.READ_AT_ONCE + 1)
    assert bases.known_fingerprint(folder) == ""
    weights = File("model.safetensors", bases.READ_AT_ONCE + 1, sha256="ab" * 32)
    write_manifest(folder, Repository("main", (), (weights,), ""), hub_id="a/b", endpoint="")
    assert bases.known_fingerprint(folder) == base_fingerprint(folder, {"model.safetensors": "ab" * 32}) != ""

"""An adapter may say what those trained here say, and nothing else that a library would act on."""

import ast
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from peft import LoraConfig, PrefixTuningConfig

from studio.domain.errors import RunError
from studio.domain.recipe import Recipe
from studio.engine.adapters import check_adapter
from studio.engine.trainer import adapter_of
from studio.flows import script
from studio.flows.studio import ASSETS
from tests.ui import examples


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One as it is written here."""
    made = adapter_of(Recipe())
    assert isinstance(made, LoraConfig)
    made.target_modules = {"q_proj", "v_proj"}
    made.base_model_name_or_path = "Qwen/Qwen3-4B"
    made.save_pretrained(str(tmp_path))
    return tmp_path


def change(folder: Path, **values: Any) -> None:
    path = folder / "adapter_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def test_what_is_trained_here_is_accepted(folder: Path, tmp_path: Path):
    check_adapter(folder)
    prefix = tmp_path / "prefix"
    made = adapter_of(Recipe().by("prefix"))
    assert isinstance(made, PrefixTuningConfig)
    made.save_pretrained(str(prefix))
    check_adapter(prefix)


def test_so_is_one_that_was_made_by_the_script_of_a_run(folder: Path, root: Path):
    mapped = {"base_model_class": "Qwen3ForCausalLM", "parent_library": "transformers.models.qwen3.modeling_qwen3"}
    change(folder, auto_mapping=mapped, base_model_name_or_path=str(root / "assets" / "starter"))
    check_adapter(folder)


@pytest.mark.parametrize("values", [
    {"auto_mapping": {"parent_library": "os", "base_model_class": "system"}}, {"auto_mapping": "os"}, {"auto_mapping": {"a": "b"}},
    {"auto_mapping": {"parent_library": "transformers.models..x; import os", "base_model_class": "A"}}, {"megatron_core": "evil.core"},
    {"megatron_config": {"a": 1}}, {"target_modules": "(a+)+$"}, {"target_modules": ".*"}, {"target_modules": ["(a+)+$"]},
    {"exclude_modules": "(a+)+$"}, {"modules_to_save": ["lm_head"]}, {"rank_pattern": {"(a+)+$": 8}},
    {"layer_replication": [[0, 10_000]]}, {"base_model_name_or_path": "/etc"}, {"base_model_name_or_path": "../../other"},
    {"base_model_name_or_path": "http://169.254.169.254"}, {"r": 10**6}, {"r": 0}, {"r": "8"}, {"peft_type": "POLY"},
    {"peft_type": None}, {"corda_config": {"cache_file": "/etc/passwd"}}, {"eva_config": {"rho": 2}}, {"unheard_of": True},
], ids=str)  # fmt: skip
def test_an_adapter_that_says_more_than_ours_is_not_loaded(folder: Path, values: dict[str, Any]):
    change(folder, **values)
    with pytest.raises(RunError, match="was not made by this studio"):
        check_adapter(folder)


@pytest.mark.parametrize("text", ["", "[]", "null", "{", "[" * 100_000, '{"peft_type": ' + "1" * 5000 + "}"], ids=len)
def test_settings_that_cannot_be_read_are_a_sentence(folder: Path, text: str):
    (folder / "adapter_config.json").write_text(text)
    with pytest.raises(RunError, match="was not made by this studio"):
        check_adapter(folder)


def test_a_name_in_the_script_of_a_run_stays_a_name():
    for name in ('"""\nimport os; os._exit(3)\n"""', "\\", '"', "'''", "a\nb", "{{ 7 * 7 }}", "\\N{DIGIT ONE}"):
        written = script.written(replace(examples.run(), name=name), versions={"trl": "1"}, assets=ASSETS)
        (docstring, *rest) = ast.parse(written).body
        assert isinstance(docstring, ast.Expr) and name in (ast.get_docstring(ast.parse(written), clean=False) or "")
        assert not [node for node in rest if isinstance(node, ast.Expr) and "_exit" in ast.dump(node)]

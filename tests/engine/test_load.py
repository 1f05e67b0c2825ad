import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from studio.domain.errors import RecipeError
from studio.engine.load import check_model_folder, load_tokenizer


@pytest.fixture
def model(tiny_model: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_model, tmp_path / "model"))


def change(path: Path, **values: Any) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def test_a_sound_folder_is_accepted(model: Path):
    check_model_folder(model)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("config.json", {"auto_map": {"AutoModel": "evil.Model"}}),
        ("config.json", {"text_config": {"auto_map": {"AutoModel": "evil.Model"}}}),
        ("config.json", {"trust_remote_code": True}),
        ("config.json", {"_attn_implementation": "evil/kernel"}),
        ("tokenizer_config.json", {"auto_map": {"AutoTokenizer": ["evil.Tokenizer", None]}}),
    ],
)
def test_a_folder_that_asks_to_run_code_is_refused(model: Path, name: str, values: dict[str, Any]):
    change(model / name, **values)
    with pytest.raises(RecipeError, match="run code"):
        check_model_folder(model)


def test_weights_that_are_not_safetensors_are_refused(model: Path):
    (model / "model.safetensors").rename(model / "pytorch_model.bin")
    with pytest.raises(RecipeError, match="weights"):
        check_model_folder(model)


def test_an_index_that_points_outside_the_folder_is_refused(model: Path):
    (model / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"a": "../../x.safetensors"}}))
    with pytest.raises(RecipeError, match="not complete"):
        check_model_folder(model)


def test_weights_that_are_already_quantised_are_refused(model: Path):
    change(model / "config.json", quantization_config={"quant_method": "bitsandbytes"})
    with pytest.raises(RecipeError, match="already quantised"):
        check_model_folder(model)


def test_a_folder_without_a_model_is_refused(tmp_path: Path):
    with pytest.raises(RecipeError, match="no model"):
        check_model_folder(tmp_path)


def test_a_model_that_went_away_is_to_be_put_back(tmp_path: Path):
    with pytest.raises(RecipeError, match="no longer where it was") as refused:
        load_tokenizer(tmp_path / "gone")
    assert refused.value.fix.startswith("Put its folder back")


def test_a_process_sees_no_network_has_a_quiet_log_and_loads_no_compiler(tiny_model: Path):
    script = (
        "from studio.engine.load import *; from pathlib import Path; prepare_process();"
        f"load_model(Path({str(tiny_model)!r}), quantisation='nf4'); import huggingface_hub as h;"
        "assert h.constants.HF_HUB_OFFLINE; import sys, torch, studio.engine.trainer;"
        "print(torch.cuda.device_count() <= 1, 'torch._inductor.compile_fx' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("True False\n", "")


def test_a_peak_is_the_process_s_own_and_not_that_of_the_large_process_that_started_it():
    """Of main memory, and without what torch takes, which would be longer in coming than all the rest."""
    script = (
        "import subprocess, sys; held = bytearray(b'1') * 600_000_000;"
        "child = 'from studio.engine import load; held = bytearray(b\\'1\\') * 100_000_000; print(load._peak_of_main_memory())';"
        "print(subprocess.run([sys.executable, '-c', child], capture_output=True, text=True, check=True).stdout)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True
    )
    assert 100_000_000 < int(done.stdout) < 300_000_000

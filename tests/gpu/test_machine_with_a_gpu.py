"""What the studio says of a machine with a GPU, and whether a plan made for it holds."""

import json
import os

import pytest

from studio.domain.chat import conversation
from studio.domain.plan import Light
from studio.engine.load import load_tokenizer
from studio.engine.rows import read_rows
from studio.recipes import doctor, machine
from studio.recipes.machine import measure_machine
from studio.recipes.planner import plan
from studio.recipes.presets import presets
from studio.recipes.shape import shape_of_folder
from tests.gpu.conftest import RECIPE, ROOT, STARTER

pytestmark = pytest.mark.gpu


def test_the_driver_and_torch_see_the_same_gpu(tmp_path):
    import torch

    found = measure_machine(tmp_path)
    assert found.has_gpu and machine.can_use_gpus()
    assert found.gpus[0].name == torch.cuda.get_device_name(0)
    assert found.gpus[0].memory == pytest.approx(torch.cuda.get_device_properties(0).total_memory, rel=0.05)
    assert 0 < found.gpus[0].free <= found.gpus[0].memory
    assert found.gpus[0].uuid.startswith("GPU-")
    assert machine.driver_version()[0].isdigit()


def test_a_gpu_that_is_hidden_from_programs_is_not_counted(monkeypatch, tmp_path):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert not measure_machine(tmp_path).has_gpu


def test_the_doctor_names_the_gpu_and_its_driver_and_packs_weights_on_it(tmp_path, record_property):
    checks = {check.name: check for check in doctor.checks(tmp_path, assets=ROOT / "assets")}
    record_property("doctor", json.dumps({name: check.found for name, check in checks.items()}))
    gpu = checks["GPU"]
    assert gpu.ok, gpu
    assert measure_machine(tmp_path).gpus[0].name in gpu.found
    assert f"driver {machine.driver_version()}" in gpu.found
    assert checks["torch"].ok and checks["bitsandbytes (4-bit weights)"].ok, checks


def test_every_preset_fits_this_gpu_and_says_its_name(tmp_path):
    found, shape = measure_machine(tmp_path), shape_of_folder(STARTER)
    for preset in presets(shape, train_rows=360, lengths=None, machine=found):
        made = plan(shape, preset.recipe, train_tokens=[60] * 360, validation_tokens=[60] * 40, machine=found)
        assert made.light is Light.GREEN
        assert made.device == found.gpus[0].name
        assert made.memory_free == found.gpus[0].free


def test_a_runs_peak_is_within_fifteen_percent_of_its_plan(straight, triage, tmp_path, record_property):
    found, shape = measure_machine(tmp_path), shape_of_folder(STARTER)
    tokenizer = load_tokenizer(STARTER)
    rows = [conversation(row.messages) for row in read_rows(triage, range(116))]
    lengths = [len(tokenizer.apply_chat_template(row, return_dict=True)["input_ids"]) for row in rows]
    made = plan(shape, RECIPE, train_tokens=lengths[:96], validation_tokens=lengths[100:], machine=found)
    peak, beside = straight[1].outcome.result["peak_memory"], beside_torch()
    record_property("planned", json.dumps({part.title: part.bytes for part in made.memory}))
    record_property("measured", json.dumps({"peak": peak, "beside_torch": beside, "longest": max(lengths)}))
    assert made.memory_needed == pytest.approx(peak + beside, rel=0.15)


def beside_torch() -> int:
    """Bytes that the driver holds for this process beside what torch keeps; every process on a GPU pays them."""
    import pynvml
    import torch

    torch.zeros(1, device="cuda")
    pynvml.nvmlInit()
    handle = pynvml.nvmlDeviceGetHandleByIndex(0)
    mine = [each for each in pynvml.nvmlDeviceGetComputeRunningProcesses(handle) if each.pid == os.getpid()]
    if mine and mine[0].usedGpuMemory:
        return mine[0].usedGpuMemory - torch.cuda.memory_reserved()
    free, total = torch.cuda.mem_get_info()
    return total - free - torch.cuda.memory_reserved()

"""Rows that lie end to end on a GPU: torch's kernel keeps them apart, and a run teaches what a padded one does."""

import pytest

from studio.domain.event import EventKind
from studio.recipes.machine import measure_machine
from tests.gpu.conftest import RECIPE, train_spec

pytestmark = pytest.mark.gpu


@pytest.mark.parametrize("window", [None, 40])
@pytest.mark.parametrize("kv_heads", [8, 2])
def test_the_kernel_computes_each_row_as_it_is_computed_alone(window: int | None, kv_heads: int):
    import torch

    from studio.engine import documents

    if not documents._has_kernels(0):
        pytest.skip("This GPU is older than the kernel.")
    lengths = [5, 130, 64, 300]
    laid = documents.Documents.of(lengths)
    torch.manual_seed(0)
    parts = [
        torch.randn(sum(lengths), heads, 64, device="cuda", dtype=torch.bfloat16, requires_grad=True)
        for heads in (8, kv_heads, kv_heads)
    ]
    ends = torch.tensor([0, 5, 135, 199, 499], dtype=torch.int32, device="cuda")
    made = documents._by_kernel(parts, laid, ends, 0.125, window)
    plain = documents._by_groups(parts, laid, 0.125, window)
    assert torch.allclose(made.float(), plain.float(), atol=2e-2)
    one, other = (torch.autograd.grad(each.float().square().sum(), parts) for each in (made, plain))
    for mine, theirs in zip(one, other, strict=True):
        assert torch.nn.functional.cosine_similarity(mine.float().flatten(), theirs.float().flatten(), dim=0) > 0.999


def test_a_packed_run_is_the_padded_one_within_rounding_and_says_nothing_against_it(triage, work, tmp_path):
    recipe = RECIPE.model_copy(update={"epochs": 1.0, "evaluations": 1})
    packed, padded = (
        work(train_spec(tmp_path / name, triage, recipe=recipe, way=way))
        for name, way in (("packed", {"packed": True}), ("padded", {}))
    )
    assert packed.outcome.state == "done" and not packed.of(EventKind.NOTE)
    assert packed.curve("loss") == pytest.approx(padded.curve("loss"), abs=5e-2)
    assert packed.curve("validation_loss") == pytest.approx(padded.curve("validation_loss"), abs=5e-2)


def test_the_driver_tells_what_the_card_can_run(tmp_path):
    import torch

    found = measure_machine(tmp_path).gpus[0]
    assert found.capability == torch.cuda.get_device_capability(0)

"""The model picker: what is offered, and why something cannot be used here."""

import re
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from studio.domain.machine import Machine
from studio.domain.model import Model
from studio.recipes.catalogue import catalogue, with_reasons
from studio.recipes.shape import ARCHITECTURES


@dataclass(frozen=True)
class Added:
    id: str
    title: str
    path: Path


def test_ids_and_hub_names_are_unique():
    entries = catalogue()
    assert len({entry.id for entry in entries}) == len({entry.hub_id for entry in entries}) == len(entries) >= 25


@pytest.mark.parametrize("entry", catalogue(), ids=lambda entry: entry.id)
def test_every_entry_says_what_it_is_good_at_and_what_its_licence_allows(entry):
    assert "commercial use" in entry.licence
    assert len(entry.about.split()) >= 3
    assert entry.maker and entry.kind in ("instruct", "base")
    assert re.fullmatch(r"[\w.-]+/[\w.-]+", entry.hub_id)
    assert re.fullmatch(r"[a-z0-9.-]+", entry.id)
    assert entry.shape.architecture in ARCHITECTURES


def test_licences_that_ask_for_acceptance_are_marked_as_gated():
    for entry in catalogue():
        if "Llama" in entry.licence or "Gemma" in entry.licence:
            assert entry.gated, entry.id


def test_the_starter_comes_first_and_can_be_used(root, laptop):
    first = models(root, laptop)[0]
    assert (first.id, first.starter, first.is_usable) == ("starter", True, True)
    assert 1_000_000 < first.parameters < 10_000_000


def test_a_missing_starter_says_so_and_what_to_do(tmp_path, laptop):
    first = with_reasons(catalogue(), machine=laptop, starter=tmp_path / "starter")[0]
    assert not first.is_usable
    assert "There is no folder" in first.reason and "Restore assets/starter" in first.reason


def test_a_model_that_fits_but_is_not_here_comes_with_its_download_command(root, gaming_pc):
    found = by_id(models(root, gaming_pc), "qwen3-4b")
    assert not found.is_usable
    assert "`hf download Qwen/Qwen3-4B --local-dir Qwen3-4B`" in found.reason
    assert re.fullmatch(r"about \d(\.\d)? GB of GPU memory with QLoRA", found.needs)


def test_a_gated_model_says_that_its_terms_come_first(root, gaming_pc):
    assert (
        "accept its terms on huggingface.co/google/gemma-3-1b-it" in by_id(models(root, gaming_pc), "gemma-3-1b").reason
    )


def test_a_model_that_needs_a_gpu_says_so_where_there_is_none(root, laptop):
    reason = by_id(models(root, laptop), "qwen3-8b").reason
    assert re.match(r"Needs about \d+(\.\d)? GB of GPU memory; this machine has no GPU\.", reason)


def test_a_model_too_large_for_the_gpu_says_what_is_there(root, gaming_pc):
    small = replace(gaming_pc, gpus=(replace(gaming_pc.gpus[0], memory=16_000_000_000),))
    reason = by_id(models(root, small), "qwen3-32b").reason
    assert re.match(
        r"Needs about 2\d(\.\d)? GB of GPU memory; this machine's GPU has 16 GB\. Pick a smaller model\.", reason
    )


def test_a_very_small_model_may_train_without_a_gpu(root, laptop):
    found = by_id(models(root, laptop), "qwen3-0.6b")
    assert "no GPU" in found.needs
    assert found.reason.startswith("Not on this machine: download it")


def test_a_model_whose_template_marks_no_answers_is_not_offered_for_download(root, gaming_pc):
    reason = by_id(models(root, gaming_pc), "llama-3.1-8b").reason
    assert "does not say where answers begin and end" in reason and "hf download" not in reason


def test_an_added_folder_can_be_used_and_brings_what_the_catalogue_knows(root, laptop, model_folder):
    named = Added("model-1", "Qwen3-0.6B", model_folder)
    found = by_id(models(root, laptop, named), "model-1")
    assert found.is_usable and found.path == model_folder
    assert found.hub_id == "Qwen/Qwen3-0.6B" and "Apache" in found.licence


def test_an_added_folder_that_has_gone_says_so(root, laptop, tmp_path):
    found = by_id(models(root, laptop, Added("model-1", "Mine", tmp_path / "gone")), "model-1")
    assert not found.is_usable
    assert "There is no folder" in found.reason


def models(root: Path, machine: Machine, *added: Added) -> list[Model]:
    return with_reasons(catalogue(), machine=machine, starter=root / "assets" / "starter", added=added)


def by_id(models: list[Model], id: str) -> Model:
    return next(model for model in models if model.id == id)

"""The model picker: what is offered, and why something cannot be used here."""

import re
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from studio.domain.job import Job, JobState
from studio.domain.machine import Machine
from studio.domain.model import Fit, Kind, Licence, Model, Standing
from studio.recipes.catalogue import catalogue, licences
from studio.recipes.fitting import need_of
from studio.recipes.hub.manifest import write_manifest
from studio.recipes.hub.repository import File, Repository
from studio.recipes.listing import BARRED, with_reasons
from studio.recipes.shape import ARCHITECTURES
from tests.ui.examples import job

APACHE = licences()["apache-2.0"]


@dataclass(frozen=True)
class Added:
    id: str
    title: str
    path: Path
    hub_id: str | None = None
    job: Job | None = None


def test_ids_and_hub_names_are_unique():
    entries = catalogue()
    assert len({entry.id for entry in entries}) == len({entry.hub_id for entry in entries}) == len(entries) >= 25


@pytest.mark.parametrize("entry", catalogue(), ids=lambda entry: entry.id)
def test_every_entry_says_what_it_is_good_at_and_what_its_licence_allows(entry):
    licence = entry.licence
    assert licence.name and licence.redistribution and licence.attribution and licence.commercial is not None
    assert licence.commercial or licence.limits
    assert len(entry.about.split()) >= 3
    assert entry.maker and entry.kind is not Kind.UNKNOWN
    assert re.fullmatch(r"[\w.-]+/[\w.-]+", entry.hub_id)
    assert re.fullmatch(r"[a-z0-9.-]+", entry.id)
    assert entry.barred in BARRED or (not entry.barred and entry.shape and entry.shape.architecture in ARCHITECTURES)
    assert entry.has_template or entry.kind is Kind.BASE


PUBLISHED = {
    "smollm2-135m": 134_515_008, "llama-3.2-1b": 1_235_814_400, "mistral-7b-v0.3": 7_248_023_552,
    "llama-3.1-8b": 8_030_261_248, "phi-4": 14_659_507_200, "mistral-small-24b": 23_572_403_200,
}  # fmt: skip


def test_the_sizes_add_up_to_the_published_number_of_parameters():
    shapes = {entry.id: entry.shape for entry in catalogue()}
    assert {id: shapes[id].parameters for id in PUBLISHED} == PUBLISHED


@pytest.mark.parametrize("entry", [each for each in catalogue() if not each.barred], ids=lambda entry: entry.id)
def test_the_memory_of_each_is_worked_out_from_its_sizes(entry, gaming_pc):
    """Four bits and a half for each weight at least with QLoRA, sixteen with LoRA; nearly alike where most of it is vocabulary."""
    need = need_of(entry.shape, gaming_pc)
    assert need.qlora > 0.56 * entry.shape.linear + 2 * entry.shape.embedding / (
        1 if entry.shape.tied_embeddings else 2
    )
    assert need.lora > 2 * entry.shape.parameters and need.lora - need.qlora > 1.2 * entry.shape.linear


def test_licences_that_ask_for_acceptance_are_marked_as_gated():
    for entry in catalogue():
        if entry.licence.name.startswith(("Llama", "Meta Llama", "Gemma")):
            assert entry.gated, entry.id


def test_what_llama_4_may_not_be_used_for_in_europe_is_told_before_a_download(root, gaming_pc):
    found = by_id(models(root, gaming_pc), "llama-4-scout")
    assert "European Union" in found.licence.limits and not found.can_be_downloaded
    assert found.licence.source == "https://www.llama.com/llama4/use-policy"


def test_of_a_model_with_state_space_layers_no_memory_is_promised(root, gaming_pc):
    found = by_id(models(root, gaming_pc), "falcon-h1-0.5b")
    assert found.need is None and "cannot be planned here yet" in found.reason and not found.can_be_downloaded


def test_the_starter_comes_first_and_can_be_used(root, laptop):
    first = models(root, laptop)[0]
    assert (first.id, first.starter, first.is_usable) == ("starter", True, True)
    assert 1_000_000 < first.parameters < 10_000_000


def test_a_missing_starter_says_so_and_what_to_do(tmp_path, laptop):
    first = with_reasons(catalogue(), machine=laptop, starter=tmp_path / "starter", licences=licences())[0]
    assert not first.is_usable
    assert "There is no folder" in first.reason and "Restore assets/starter" in first.reason


def test_a_model_that_fits_but_is_not_here_can_be_downloaded(root, gaming_pc):
    found = by_id(models(root, gaming_pc), "qwen3-4b")
    assert (found.is_usable, found.can_be_downloaded, found.standing) == (False, True, Standing.TO_DOWNLOAD)
    assert 7e9 < found.bytes < 9e9 and "download it first" in found.reason
    assert found.need.fit is Fit.FITS and found.need.lora > found.need.qlora
    said = r"A run takes at least \d(\.\d)? GB of GPU memory with QLoRA, \d+(\.\d)? GB with LoRA; this machine's GPU has 24 GB\."
    assert re.fullmatch(said, found.need.why)


def test_a_gated_model_says_that_its_terms_come_first(root, gaming_pc):
    found = by_id(models(root, gaming_pc), "gemma-3-1b")
    assert found.standing is Standing.TERMS_FIRST and "its maker's terms come first" in found.reason


def test_a_model_that_fits_with_little_to_spare_is_tight(root, gaming_pc):
    gpu = gaming_pc.gpus[0]
    need = by_id(models(root, replace(gaming_pc, gpus=(replace(gpu, memory=5_000_000_000),))), "qwen3-4b").need
    assert need.fit is Fit.TIGHT and "leaves little for long rows" in need.why
    need = by_id(models(root, replace(gaming_pc, gpus=(replace(gpu, free=2_000_000_000),))), "qwen3-4b").need
    assert need.fit is Fit.TIGHT and "of which 2 GB are free just now" in need.why


def test_what_is_being_downloaded_or_was_cut_short_says_so(root, gaming_pc, tmp_path):
    held = Added("qwen3-4b", "Qwen3 4B", tmp_path / "a", "Qwen/Qwen3-4B", job(done=1, total=4))
    found = by_id(models(root, gaming_pc, held), "qwen3-4b")
    assert (found.standing, found.bytes, found.can_be_downloaded) == (Standing.DOWNLOADING, 4, False)
    ended = replace(held.job, state=JobState.FAILED, message="The disk is full.", fix="Make room.")
    found = by_id(models(root, gaming_pc, replace(held, job=ended)), "qwen3-4b")
    assert (found.standing, found.reason) == (Standing.CUT_SHORT, "The disk is full. Make room.")
    assert found.can_be_downloaded
    ended = replace(held.job, state=JobState.DONE)
    assert "some of its files are gone" in by_id(models(root, gaming_pc, replace(held, job=ended)), "qwen3-4b").reason


def test_a_downloaded_model_keeps_its_place_in_the_catalogue_and_tells_its_commit(root, laptop, model_folder):
    files = tuple(File(path.name, path.stat().st_size, git="0" * 40) for path in model_folder.iterdir())
    write_manifest(model_folder, Repository("a" * 40, files, ()), hub_id="Qwen/Qwen3-0.6B", endpoint="")
    held = Added("qwen3-0.6b", "Qwen3 0.6B", model_folder, "Qwen/Qwen3-0.6B", job(state=JobState.DONE, total=7))
    listed = models(root, laptop, held)
    assert [found.id for found in listed].count("qwen3-0.6b") == 1
    found = by_id(listed, "qwen3-0.6b")
    assert found.is_usable and (found.path, found.revision) == (model_folder, "a" * 40)
    other = by_id(models(root, laptop, replace(held, id="model-2", title="Mine")), "model-2")
    assert other.is_usable and (other.revision, other.licence) == ("a" * 40, APACHE)
    known = Repository("a" * 40, files, (), "llama3.1")
    for hub_id, told in (
        ("a/b", known),
        ("a/b", replace(known, licence="Odd 1.0")),
        ("a/b", replace(known, licence="")),
    ):
        write_manifest(model_folder, told, hub_id=hub_id, endpoint="")
        licence = by_id(models(root, laptop, replace(held, id="model-3", hub_id=hub_id)), "model-3").licence
        assert licence in (
            licences()["llama-3.1"],
            Licence("Odd 1.0", None),
            Licence("See the licence on its page", None),
        )
        assert (licence.commercial is None) == (told is not known)
    (model_folder / "model.safetensors").unlink()
    assert not by_id(models(root, laptop, held), "qwen3-0.6b").is_usable


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
    assert not found.need.on_gpu and found.can_be_downloaded


def test_a_base_without_a_template_is_offered_for_plain_texts(root, gaming_pc):
    found = by_id(models(root, gaming_pc), "llama-3.1-8b-base")
    assert (
        found.can_be_downloaded and found.texts_only and not by_id(models(root, gaming_pc), "llama-3.1-8b").texts_only
    )


@pytest.mark.parametrize(
    ("id", "said"),
    [("mixtral-8x7b", "several experts"), ("phi-4-mini", "run code that comes with it"), ("gemma-3-4b", "reads pictures"),
     ("qwen3.5-9b", "layers of two kinds")],
)  # fmt: skip
def test_what_the_studio_cannot_train_is_listed_with_its_reason(root, gaming_pc, id, said):
    large = replace(gaming_pc, gpus=(replace(gaming_pc.gpus[0], memory=80_000_000_000, free=80_000_000_000),))
    found = by_id(models(root, large), id)
    assert said in found.reason and not found.can_be_downloaded and found.standing is Standing.UNSUITED


def test_the_families_that_people_ask_for_are_there():
    families = {
        "llama",
        "mistral",
        "mixtral",
        "qwen3",
        "qwen2.5",
        "phi",
        "gemma",
        "falcon3",
        "yi",
        "olmo",
        "smollm2",
        "smollm3",
    }
    ids = [entry.id for entry in catalogue()]
    assert all(any(id.startswith(family) for id in ids) for family in families)
    assert {entry.kind for entry in catalogue()} == {Kind.INSTRUCT, Kind.BASE}


def test_an_added_folder_can_be_used_and_brings_what_the_catalogue_knows(root, laptop, model_folder):
    named = Added("model-1", "Qwen3-0.6B", model_folder)
    found = by_id(models(root, laptop, named), "model-1")
    assert found.is_usable and found.path == model_folder
    assert found.hub_id == "Qwen/Qwen3-0.6B" and found.licence == APACHE


def test_an_added_folder_that_has_gone_says_so(root, laptop, tmp_path):
    found = by_id(models(root, laptop, Added("model-1", "Mine", tmp_path / "gone")), "model-1")
    assert not found.is_usable
    assert "There is no folder" in found.reason


def models(root: Path, machine: Machine, *added: Added) -> list[Model]:
    starter = root / "assets" / "starter"
    return with_reasons(catalogue(), machine=machine, starter=starter, licences=licences(), added=added)


def by_id(models: list[Model], id: str) -> Model:
    return next(model for model in models if model.id == id)

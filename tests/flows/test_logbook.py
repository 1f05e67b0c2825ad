"""The history of runs: what is kept, compared, written out, deleted and brought back."""

import getpass
from pathlib import Path

import pytest

from studio.domain.access import Mode, Person, Role, Visitor
from studio.domain.dataset import Dataset
from studio.domain.errors import ExportError, RunError
from studio.domain.run import Run
from studio.flows import choose, logbook, script, train
from studio.flows.models import STARTER
from studio.flows.studio import Studio
from studio.store.acting import acting
from studio.ui.parts import forms
from studio.ui.session import WantedRecipe
from studio.ui.tabs import recipe as recipe_tab
from tests.flows.conftest import RECIPE


def test_a_run_keeps_who_started_it_with_what(quiet: Studio, trained: Run):
    kept = next(each for each in logbook.kept(quiet) if each.run.id == trained.id)
    assert kept.studies == 0
    assert kept.best and kept.best.step == trained.job.result["best_step"]
    assert kept.entry.owner and {"studio", "python", "torch", "trl"} <= kept.entry.versions.keys()
    facts = {fact.name: fact.value for fact in logbook.snapshot(quiet, trained.id)}
    assert "Support desk" in facts["Data"] and "fingerprint" in facts["Data"]
    assert trained.split_id in facts["Split"] and facts["Split"].endswith(" % held out") and "seed 7" in facts["Recipe"]
    assert f"torch {kept.entry.versions['torch']}" in facts["Libraries"]


def test_a_run_belongs_to_whoever_has_signed_in(quiet: Studio, trained: Run):
    mira = Person("person-1", "Mira", Role.EDITOR, Mode.PASSWORD, "mira", trained.created_at)
    with acting(Visitor(mira.name, mira.rights, mira)):
        hers = train.start(quiet, trained.dataset_id, STARTER, RECIPE, name="hers", key="a run of hers")
    assert logbook.entry(quiet, hers.id).owner == "Mira"
    assert [kept.run.id for kept in logbook.page(quiet, find="mira hers").kept] == [hers.id]
    assert logbook.entry(quiet, trained.id).owner == getpass.getuser()


def test_notes_and_tags_are_kept_and_may_not_be_endless(quiet: Studio, trained: Run):
    logbook.write(quiet, trained.id, notes=" It kept the format. ", tags="format, first")
    entry = logbook.entry(quiet, trained.id)
    assert (entry.notes, entry.tags) == ("It kept the format.", ("format", "first"))
    with pytest.raises(RunError) as refused:
        logbook.write(quiet, trained.id, notes="x" * 4_001)
    assert refused.value.field == "notes"


def test_two_runs_differ_in_what_was_changed(quiet: Studio, trained: Run, dataset: Dataset):
    other = train.start(quiet, dataset.id, STARTER, RECIPE.model_copy(update={"seed": 8}), key="another seed")
    differing = {each.name: each.values for each in logbook.compared(quiet, [trained.id, other.id])}
    if trained.split_id != other.split_id:  # somebody may have dealt the rows anew in between
        assert differing.pop("split") == (trained.split_id, other.split_id)
    assert differing == {"seed": (7, 8)}
    with pytest.raises(RunError, match="One run alone"):
        logbook.compared(quiet, [trained.id, trained.id])


def test_a_run_is_written_out_with_the_rows_that_it_had(quiet: Studio, trained: Run, tmp_path: Path):
    files = script.folder(quiet, trained.id, to=tmp_path / "out")
    assert files == ["recipe.yaml", "train.jsonl", "train.py", "validation.jsonl"]
    assert choose.recipe_from_yaml((tmp_path / "out" / "recipe.yaml").read_text()) == (STARTER, trained.recipe)
    assert len((tmp_path / "out" / "train.jsonl").read_text().splitlines()) == trained.plan.train_rows
    compile((tmp_path / "out" / "train.py").read_text(), "train.py", "exec")
    with pytest.raises(ExportError, match="not an empty folder"):
        script.folder(quiet, trained.id, to=tmp_path / "out")


def test_a_run_that_begins_from_another_is_written_out_with_its_adapter(quiet: Studio, trained: Run, tmp_path: Path):
    recipe = RECIPE.model_copy(update={"epochs": 1.0})
    second = train.start(quiet, trained.dataset_id, STARTER, recipe, begin=trained.id, key="a second stage")
    files = script.folder(quiet, second.id, to=tmp_path / "out")
    assert {"first/adapter_config.json", "first/adapter_model.safetensors"} < set(files)
    assert 'here / "first"' in script.text(quiet, second.id) and 'here / "first"' not in script.text(quiet, trained.id)
    (quiet.workspace.run(trained.id) / train.best_checkpoint(quiet, trained.id).path / "optimizer.pt").unlink()
    with pytest.raises(ExportError, match="began from is not there any more"):
        script.folder(quiet, second.id, to=tmp_path / "other")


def test_the_same_again_fills_the_recipe_with_the_values_of_the_run(quiet: Studio, trained: Run):
    asked = (quiet, None, trained.dataset_id, STARTER)
    wanted = WantedRecipe(trained.dataset_id, STARTER, trained.recipe, press="a press")
    again, usual = (recipe_tab.show(*asked, each)[: len(forms.FIELDS)] for each in (wanted, None))
    for name in ("rank", "epochs", "learning_rate"):
        assert again[forms.FIELDS.index(name)]["value"] == getattr(trained.recipe, name)
    assert usual[forms.FIELDS.index("rank")]["value"] != trained.recipe.rank

"""A checkpoint is handed out as files that work without the studio, and answers there as it did here."""

import io
import json
import os
import runpy
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from studio.domain.dataset import Layout
from studio.domain.errors import ExportError
from studio.domain.job import JobKind, JobState
from studio.domain.release import MANIFEST, MEASURED, Form, Release
from studio.domain.run import Run
from studio.domain.space import SPARE
from studio.domain.study import Choice, Study
from studio.flows import bring, card, compare, deleted, deliver, models, space, train
from studio.flows.studio import Studio
from studio.store import jobs
from tests.engine.conftest import Notebook

QUESTION = "Where is my parcel? It was due on Monday."
FILES = {"README.md", "adapter_config.json", "adapter_model.safetensors", "generation_config.json", MANIFEST,
         "recipe.json", "run.py", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja"}  # fmt: skip


@pytest.fixture
def delivered(quiet: Studio, trained: Run) -> Callable[..., Release]:
    """A delivery that was carried out, in this process."""
    from studio.engine.export import export

    def make(form: Form = Form.ADAPTER, **values) -> Release:
        made = deliver.make(quiet, trained.id, form, key=f"{form}:{values}", **values)
        claimed = jobs.claim(quiet.store, kinds=[JobKind.EXPORT])
        assert claimed is not None
        outcome = export(claimed[1], Notebook())
        assert outcome.state == "done", outcome.message
        jobs.move(quiet.store, made.job.id, attempt=1, to=JobState.DONE, message=outcome.message, result=outcome.result)
        return deliver.release(quiet, made.id)

    return make


def asked_by_script(release: Release, *more: str, monkeypatch: pytest.MonkeyPatch, capsys) -> str:
    """What the delivered script prints to a question."""
    monkeypatch.setattr(sys, "argv", ["run.py", QUESTION, *more])
    capsys.readouterr()
    runpy.run_path(str(release.path / "run.py"), run_name="__main__")
    return capsys.readouterr().out.rstrip("\n")


def answer_here(quiet: Studio, trained: Run, release: Release, *, in_4_bits: bool) -> str:
    """What the studio's own engine answers with the same checkpoint."""
    from studio.domain.chat import Chat
    from studio.domain.row import Message
    from studio.domain.sampling import Sampling
    from studio.engine import checkpoints
    from studio.engine.answering import answer
    from studio.engine.load import load_tokenizer
    from studio.engine.sides import load_sides

    base = quiet.assets / "starter"
    folder = quiet.workspace.run(trained.id) / f"checkpoints/step-{release.step}"
    manifest = checkpoints.verify(folder).model_copy(update={"quantisation": "nf4" if in_4_bits else "none"})
    pair = load_sides(base, trained=folder, manifest=manifest)
    asked = Chat((Message("user", QUESTION),))
    return answer(pair.tuned, load_tokenizer(base), [asked], sampling=Sampling(), adapters=["tuned"])[0]


def test_an_adapter_answers_outside_as_it_does_here(quiet, trained, delivered, monkeypatch, capsys):
    release = delivered()
    assert {file.name for file in release.path.iterdir()} == FILES == {f.name for f in release.files} | {MANIFEST}
    assert release.step == train.best_checkpoint(quiet, trained.id).step and release.bytes > 100_000
    said = asked_by_script(release, str(quiet.assets / "starter"), monkeypatch=monkeypatch, capsys=capsys)
    assert said and said == answer_here(quiet, trained, release, in_4_bits=True)


def test_a_merged_model_answers_alone_as_its_adapter_does_beside_the_same_weights(
    quiet, trained, delivered, monkeypatch, capsys
):
    release = delivered(Form.MERGED)
    said = asked_by_script(release, monkeypatch=monkeypatch, capsys=capsys)
    assert said and said == answer_here(quiet, trained, release, in_4_bits=False)


def test_no_file_names_a_place_on_this_machine(quiet, delivered):
    for form in (Form.ADAPTER, Form.MERGED):
        for path in delivered(form).path.iterdir():
            if path.suffix != ".safetensors":
                text = path.read_text()
                assert str(quiet.assets.parent) not in text and str(quiet.workspace.root) not in text


def test_the_download_is_one_zip_file_with_all_of_it(quiet, delivered):
    release = delivered()
    name, parts = deliver.archive(quiet, release.id)
    with zipfile.ZipFile(io.BytesIO(b"".join(parts))) as archive:
        assert archive.testzip() is None and name.endswith(".zip")
        assert {Path(each).name for each in archive.namelist()} == FILES
        assert len({Path(each).parent for each in archive.namelist()}) == 1
    (release.path / "run.py").unlink()
    with pytest.raises(ExportError, match=r"run\.py is gone"):
        deliver.archive(quiet, release.id)


def test_the_card_says_what_it_is_and_whether_this_checkpoint_was_judged(
    quiet, trained, opened: Callable[..., Study], judge_all
):
    best = train.best_checkpoint(quiet, trained.id)
    other = next(kept for kept in train.checkpoints(quiet, trained.id) if kept != best)

    def written(checkpoint, form=Form.ADAPTER) -> dict[str, str]:
        return card.papers(quiet, card.Subject(trained, checkpoint, form, "triage"), measured=MEASURED)

    first = written(best)["README.md"]
    assert first.startswith("---\nbase_model: starter\n") and "license: apache-2.0\nlibrary_name: peft\n" in first
    for fact in (trained.name, "the best of its run", best.sha256, "QLoRA", "not been judged blind", "You may pass it on",
                 trained.recipe.fingerprint, f"Validation loss {best.validation_loss:.3f}", "transformers",
                 "| Training | ", "| Malformed line | 2 |", "| Duplicate of another row | 1 |"):  # fmt: skip
        assert fact in first, fact
    assert json.loads(written(best)["recipe.json"]) == trained.recipe.model_dump(mode="json")
    study = opened()
    judge_all(study, Choice.TIE)
    compare.close(quiet, study.id)
    judged = written(best)
    assert (
        study.fingerprint in judged["README.md"] and "10 to neither" in judged["README.md"] and "verdict.html" in judged
    )
    assert "in 4 bits. Merged into" in written(best, Form.MERGED)["README.md"]
    unjudged = written(other)
    assert "not the one with the lowest" in unjudged["README.md"] and "verdict.html" not in unjudged
    assert f"Another checkpoint of the same run (step {best.step}) was." in unjudged["README.md"]


def test_what_learned_plain_text_is_asked_to_go_on_with_a_text(quiet, trained, monkeypatch: pytest.MonkeyPatch):
    def script() -> str:
        subject = card.Subject(trained, train.best_checkpoint(quiet, trained.id), Form.ADAPTER, "triage")
        return card.papers(quiet, subject, measured=MEASURED)["run.py"]

    assert "apply_chat_template" in script()
    read = bring.dataset(quiet, trained.dataset_id)
    assert read.guess is not None
    text = replace(read.guess, mapping=replace(read.guess.mapping, layout=Layout.TEXT))
    monkeypatch.setattr(card.bring, "dataset", lambda *_: replace(read, guess=text))
    said = script()
    compile(said, "run.py", "exec")
    assert "tokenizer(sys.argv[1]" in said and "apply_chat_template" not in said


def test_rows_in_the_card_add_up_to_the_lines_of_the_file(quiet, trained, dataset):
    counted = dict(card._rows(quiet, trained))
    assert sum(counted.values()) == dataset.rows + dataset.rejects


def test_a_running_run_says_that_it_is_still_training(quiet, trained):
    live = train.start(quiet, trained.dataset_id, trained.model_id, trained.recipe, key="still at it")
    with pytest.raises(ExportError, match="still training") as refused:
        deliver.make(quiet, live.id, Form.ADAPTER, key="too early")
    assert "stop it and keep the best" in refused.value.fix


def test_what_is_there_already_is_never_written_over(quiet, trained, tmp_path: Path):
    (tmp_path / "mine.txt").write_text("mine")
    for place, said in ((tmp_path, "not an empty"), (tmp_path / "mine.txt", "not an empty"),
                        (tmp_path / "mine.txt" / "in", "Nothing can be written")):  # fmt: skip
        with pytest.raises(ExportError, match=said) as refused:
            deliver.make(quiet, trained.id, Form.ADAPTER, to=place, key=f"{place}")
        assert refused.value.field == "to"
    assert (tmp_path / "mine.txt").read_text() == "mine"


def test_a_folder_that_people_named_stays_theirs(quiet, delivered, tmp_path: Path):
    release = delivered(to=tmp_path / "elsewhere")
    assert release.path == tmp_path / "elsewhere" and not release.is_kept
    deleted.delete(quiet, [release.id])
    deleted.empty(quiet)
    assert (tmp_path / "elsewhere" / "run.py").exists()


def test_a_deleted_delivery_comes_back_until_it_is_removed_for_good(quiet, delivered):
    first, second = delivered(), delivered(step=None, to=None)
    assert second.id != first.id
    deleted.delete(quiet, [first.id])
    assert [each.id for each in deliver.releases(quiet)] == [second.id]
    deleted.restore(quiet, [first.id])
    assert first.path.exists() and len(deliver.releases(quiet)) == 2
    deleted.delete(quiet, [first.id])
    deleted.delete(quiet, [second.id])
    assert deleted.empty(quiet, [first.id]) >= first.bytes
    assert not first.path.exists() and second.path.exists()
    with pytest.raises(ExportError, match="gone"):
        deliver.release(quiet, first.id)


def test_the_same_press_twice_is_one_delivery_and_one_that_waits_can_be_cancelled(quiet, trained):
    first, second = (deliver.make(quiet, trained.id, Form.ADAPTER, key="press") for _ in range(2))
    assert first.id == second.id
    with pytest.raises(ExportError, match="still being made"):
        deleted.delete(quiet, [first.id])
    assert deliver.cancel(quiet, first.id).job.state is JobState.STOPPED


def test_each_form_tells_its_size_or_why_there_is_none(quiet, trained, monkeypatch):
    monkeypatch.delenv(deliver.LLAMA_CPP, raising=False)
    adapter, merged, gguf = deliver.offers(quiet, trained.id)
    weights = (quiet.assets / "starter" / "model.safetensors").stat().st_size
    assert not adapter.obstacle and adapter.bytes < weights < merged.bytes and not merged.obstacle
    assert "not installed" in gguf.obstacle and "FOLDER_OF_THE_WHOLE_MODEL" in gguf.command
    with pytest.raises(ExportError, match="not installed"):
        deliver.make(quiet, trained.id, Form.GGUF, key="no converter")


def test_a_converter_without_what_it_needs_is_told_before_anything_is_merged(quiet, trained, tmp_path, monkeypatch):
    (tmp_path / deliver.CONVERTER).touch()
    monkeypatch.setenv(deliver.LLAMA_CPP, str(tmp_path))
    monkeypatch.setattr(deliver, "NEEDS", "a_library_that_is_not_here")
    *_, gguf = deliver.offers(quiet, trained.id)
    assert "a_library_that_is_not_here" in gguf.obstacle and gguf.command.endswith(
        "-m pip install a_library_that_is_not_here"
    )
    monkeypatch.setattr(deliver, "NEEDS", "json")
    assert not deliver.offers(quiet, trained.id)[2].obstacle


def test_the_converter_is_found_by_the_setting_and_on_the_path(tmp_path: Path, monkeypatch):
    script = tmp_path / deliver.CONVERTER
    script.touch()
    monkeypatch.setenv(deliver.LLAMA_CPP, str(tmp_path))
    assert deliver.converter() == script
    monkeypatch.setenv(deliver.LLAMA_CPP, str(script))
    assert deliver.converter() == script
    monkeypatch.delenv(deliver.LLAMA_CPP)
    monkeypatch.setenv("PATH", os.pathsep.join(["/nowhere", str(tmp_path)]))
    assert deliver.converter() == script


def test_a_disk_or_memory_that_cannot_hold_it_is_told_beforehand(quiet, trained, monkeypatch):
    monkeypatch.setattr(space, "disk_free", lambda path: SPARE + 5_000_000)
    adapter, merged, _ = deliver.offers(quiet, trained.id)
    assert not adapter.obstacle and merged.obstacle == "It takes 12 MB on the disk, and 5 MB can be used."
    monkeypatch.undo()
    monkeypatch.setattr(deliver, "memory", lambda: (1_000_000, 1_000_000))
    assert "main memory" in deliver.offers(quiet, trained.id)[1].obstacle


def test_what_a_method_cannot_be_delivered_as_is_told(quiet, trained):
    run, checkpoint = trained, train.best_checkpoint(quiet, trained.id)
    model = models.model(quiet, run.model_id)

    def obstacles(method) -> list[bool]:
        of = replace(run, recipe=run.recipe.by(method))
        return [bool(deliver._offer(quiet, of, checkpoint, model, form).obstacle) for form in Form]

    assert obstacles("prefix") == [False, True, True]
    assert obstacles("full")[:2] == [True, False]

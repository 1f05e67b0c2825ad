"""A delivery is made whole or not at all, and its weights are those that were trained."""

import errno
import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from studio.domain.event import EventKind, Outcome
from studio.domain.intact import sha256_of
from studio.domain.release import MANIFEST, MEASURED
from studio.domain.sampling import Sampling
from studio.engine import checkpoints, converting, gguf, merging
from studio.engine.checkpoints import Check, Manifest
from studio.engine.export import _plainly, export
from studio.engine.load import load_tokenizer
from studio.engine.merging import likeness, load_plain
from tests.engine.conftest import Notebook
from tests.failing import die, each_operation, each_size, in_a_child

STARTER = Path(__file__).resolve().parents[2] / "assets" / "starter"
KINDS: dict[str, dict[str, Any]] = {"lora": {}, "rslora": {"use_rslora": True}, "dora": {"use_dora": True}}
CONVERTER = """
import sys
from pathlib import Path
assert (Path(sys.argv[1]) / "model.safetensors").is_file() and (Path(sys.argv[1]) / "tokenizer.json").is_file()
print("writing", sys.argv[3])
Path(sys.argv[3]).write_bytes(b"GGUF " + " ".join(sys.argv[4:]).encode())
"""


@pytest.fixture(scope="module")
def checkpoint(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A committed checkpoint of one kind, whose adapter changes the model a lot; the whole model where it is full."""
    from peft import LoraConfig, get_peft_model

    made: dict[str, Path] = {}

    def make(kind: str) -> Path:
        if kind not in made:
            root = tmp_path_factory.mktemp(kind)
            model = load_plain(tiny_model)
            if kind == "full":
                model.model.layers[0].mlp.up_proj.weight.data.mul_(1.5)
            else:
                config = LoraConfig(r=4, target_modules="all-linear", init_lora_weights=False, **KINDS[kind])
                model = get_peft_model(model, config)
            model.save_pretrained(root / "staged")
            for name in checkpoints.STATE:
                (root / "staged" / name).write_bytes(b"state")
            made[kind] = checkpoints.commit(root / "staged", root / "checkpoints", manifest())
        return made[kind]

    return make


def manifest() -> Manifest:
    return Manifest(
        step=6, epoch=1.0, validation_loss=1.5, recipe="r", rows="r", model_id="tiny", quantisation="none", versions={},
        checks=(Check(step=6, validation_loss=1.5),), tokens=1, seconds=1.0, files=(),
    )  # fmt: skip


@pytest.fixture
def wanted(checkpoint, tiny_model: Path, dataset: Path, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    def spec(form: str, kind: str = "lora", **values: Any) -> dict[str, Any]:
        folder = checkpoint(kind)
        return {
            "kind": "export", "release": "release-1", "run": "run-1", "step": 6, "form": form, "name": "triage-1",
            "to": str(tmp_path / "out"), "checkpoint": str(folder), "sha256": checkpoints.verify(folder).weights_sha256,
            "model": str(tiny_model), "model_id": "tiny", "base_name": "maker/tiny", "dataset": str(dataset),
            "compared": [22, 23], "sampling": {"max_new_tokens": 20, "temperature": 0.0, "top_p": 1.0, "seed": 7},
            "papers": {"README.md": f"# Card\n{MEASURED}\n"}, "converter": "",
        } | values  # fmt: skip

    return spec


def delivered(spec: dict[str, Any], **reporter: Any) -> tuple[Outcome, Path, Notebook]:
    notebook = Notebook(**reporter)
    return export(spec, notebook), Path(spec["to"]), notebook


def test_an_adapter_comes_with_its_tokenizer_its_settings_and_a_list_of_its_files(wanted, tiny_model: Path):
    spec = wanted("adapter")
    outcome, folder, notebook = delivered(spec)
    assert outcome.state == "done", outcome.message
    held = json.loads((folder / MANIFEST).read_text())
    assert {path.name for path in folder.iterdir()} == {file["name"] for file in held["files"]} | {MANIFEST}
    assert outcome.result["files"] == held["files"] and held["release"] == "release-1"
    assert len({path.stat().st_mode for path in folder.iterdir()}) == 1, "some can be read by fewer people than others"
    for file in held["files"]:
        assert sha256_of(folder / file["name"]) == file["sha256"]
    assert (folder / "adapter_model.safetensors").read_bytes() == (
        Path(spec["checkpoint"]) / "adapter_model.safetensors"
    ).read_bytes()
    assert json.loads((folder / "adapter_config.json").read_text())["base_model_name_or_path"] == "maker/tiny"
    assert (folder / "chat_template.jinja").read_text() == (tiny_model / "chat_template.jinja").read_text()
    settings = json.loads((folder / "generation_config.json").read_text())
    assert (settings["do_sample"], settings["max_new_tokens"]) == (False, 20) and settings["eos_token_id"]
    assert [event["name"] for event in notebook.of(EventKind.PHASE)] == [
        "checking the checkpoint",
        "copying",
        "hashing",
    ]
    assert not list(folder.parent.glob(".*.part"))


@pytest.mark.parametrize("kind", [*KINDS, "full"])
def test_merged_weights_answer_as_what_was_trained_and_the_card_says_how_nearly(wanted, tiny_model: Path, kind: str):
    outcome, folder, _ = delivered(wanted("merged", kind))
    assert outcome.state == "done", outcome.message
    measured = outcome.result["measured"]
    assert "of 2 validation rows" in measured and measured in (folder / "README.md").read_text()
    model = load_plain(folder)
    assert model.dtype == load_plain(tiny_model).dtype and not hasattr(model, "peft_config")
    assert not {"adapter_config.json", "adapter_model.safetensors"} & {path.name for path in folder.iterdir()}
    assert str(tiny_model) not in (folder / "config.json").read_text()


def test_weights_that_lost_what_was_learned_are_not_delivered(
    wanted, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
):
    spec = wanted("merged")
    whole = load_plain
    monkeypatch.setattr(merging, "load_plain", lambda folder, **how: whole(tiny_model, **how))  # read back: the base
    outcome, folder, _ = delivered(spec)
    assert outcome.state == "failed" and "do not answer as the adapter does" in outcome.message
    assert outcome.fix.startswith("Deliver the adapter") and not folder.exists()
    assert not list(folder.parent.glob(".*.part"))


def test_logits_that_are_no_numbers_are_refused():
    import torch

    fine, broken = [torch.zeros(2, 3)], [torch.full((2, 3), float("nan"))]
    with pytest.raises(Exception, match="no number"):
        likeness(fine, fine, broken)
    same = likeness(fine, fine, fine)
    assert (same.same, same.places, same.largest) == (2, 2, 0.0) and same.is_close


def test_a_damaged_checkpoint_is_refused(wanted, checkpoint, tmp_path: Path):
    copy = tmp_path / "step-6"
    shutil.copytree(checkpoint("lora"), copy)
    weights = copy / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x7f")
    outcome, folder, _ = delivered(wanted("adapter", checkpoint=str(copy)))
    assert outcome.state == "failed" and "is damaged" in outcome.message and not folder.exists()


def test_another_checkpoint_than_the_one_chosen_is_refused(wanted):
    outcome, folder, _ = delivered(wanted("adapter", sha256="another"))
    assert outcome.state == "failed" and "not the one that was chosen" in outcome.message and not folder.exists()


@pytest.mark.parametrize("parts", [1, 2, 4])
def test_of_a_cancelled_delivery_nothing_is_left(wanted, parts: int):
    outcome, folder, _ = delivered(wanted("merged"), stop_at=parts)
    assert outcome.state == "stopped" and not folder.exists() and not list(folder.parent.glob(".*.part"))


def is_whole(folder: Path) -> bool:
    """Whether there is nothing but what its list names, as that says it is."""
    listed = {file["name"]: file["sha256"] for file in json.loads((folder / MANIFEST).read_bytes())["files"]}
    return listed == {path.name: sha256_of(path) for path in folder.iterdir() if path.name != MANIFEST}


@pytest.fixture
def quickly(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is loaded for a delivery is loaded once."""
    tokenizer = load_tokenizer(tiny_model)
    monkeypatch.setattr("studio.engine.export.load_tokenizer", lambda _: tokenizer)


@pytest.mark.usefixtures("quickly")
@pytest.mark.parametrize("fault", ["killed", errno.EIO, errno.ENOSPC])
def test_whatever_fails_while_a_delivery_is_written_it_is_whole_or_not_there_and_can_be_made_again(
    wanted, fault: str | int
):
    spec = wanted("adapter")
    to, tried = Path(spec["to"]), 0

    def refuse() -> None:
        raise OSError(fault, os.strerror(int(fault)))

    act, instead = (
        (in_a_child(lambda: export(spec, Notebook())), die)
        if fault == "killed"
        else (lambda: export(spec, Notebook()), refuse)
    )
    for tried in each_operation(to.parent, act, instead=instead):
        assert not to.exists() or is_whole(to), f"operation {tried}"
        shutil.rmtree(to, ignore_errors=True)
    assert tried > 20 and is_whole(to) and [path.name for path in to.parent.iterdir()] == ["out"]


@pytest.mark.usefixtures("quickly")
def test_at_whatever_byte_the_disk_refuses_a_delivery_there_is_none(wanted):
    spec, tried = wanted("adapter"), 0
    for tried in each_size(lambda: export(spec, Notebook()), by=4_000):
        assert not list(Path(spec["to"]).parent.iterdir()), f"{tried} bytes"
    assert tried >= 4_000 and is_whole(Path(spec["to"]))


def test_an_attempt_cut_short_after_its_last_step_is_not_made_again(wanted):
    spec = wanted("adapter")
    first, folder, _ = delivered(spec)
    before = (folder / MANIFEST).stat().st_mtime_ns
    again, _, notebook = delivered(spec)
    assert again == first and not notebook.events
    assert (folder / MANIFEST).stat().st_mtime_ns == before


def test_a_gguf_file_stands_alone_beside_its_card(wanted, tmp_path: Path):
    script = tmp_path / "convert_hf_to_gguf.py"
    script.write_text(CONVERTER)
    outcome, folder, _ = delivered(wanted("gguf", converter=str(script)))
    assert outcome.state == "done", outcome.message
    assert sorted(path.name for path in folder.iterdir()) == ["README.md", MANIFEST, "triage-1.gguf"]
    assert (folder / "triage-1.gguf").read_bytes().endswith(b"--model-name triage-1")


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("print('a rope of its own'); raise SystemExit(3)", "could not convert this model: a rope of its own."),
        ("", "no GGUF file"),
    ],
)
def test_what_the_converter_cannot_do_is_told_in_its_own_words(wanted, tmp_path: Path, script: str, said: str):
    (tmp_path / "convert.py").write_text(script)
    outcome, folder, _ = delivered(wanted("gguf", converter=str(tmp_path / "convert.py")))
    assert outcome.state == "failed" and said in outcome.message and "whole model" in outcome.fix
    assert not folder.exists()


@pytest.mark.parametrize(
    ("words", "what", "fix"),
    [
        ("NotImplementedError: BPE pre-tokenizer was not recognized - update", "splits text", "newer llama.cpp"),
        (
            "ERROR:hf-to-gguf:Model OurForCausalLM is not supported",
            "models of the kind OurForCausalLM",
            "newer llama.cpp",
        ),
        ("ModuleNotFoundError: No module named 'sentencepiece'", "needs sentencepiece", "-m pip install sentencepiece"),
    ],
)
def test_why_a_converter_gives_up_is_told_in_words_where_it_is_known(words: str, what: str, fix: str):
    refused = gguf._refusal(f"Traceback (most recent call last):\n{words}\n")
    assert what in refused.message and fix in refused.fix


CONVERSION = """
class TextModel:
    def get_vocab_base_pre(self, tokenizer):
        if tokenizer == "known": return "qwen2"
        raise NotImplementedError("BPE pre-tokenizer was not recognized")
"""
ASKS = """
import sys
from pathlib import Path
from conversion.base import TextModel
Path(sys.argv[2]).write_text(" ".join(TextModel().get_vocab_base_pre(each) for each in ("known", "unseen")))
"""


def test_a_way_of_splitting_text_that_llama_cpp_has_is_named_where_it_knows_it_by_other_vocabularies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "conversion").mkdir()
    (tmp_path / "conversion" / "base.py").write_text(CONVERSION)
    (tmp_path / "convert.py").write_text(ASKS)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "argv", [*sys.argv])
    for name in ("conversion", "conversion.base"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    converting.main([str(tmp_path / "convert.py"), str(STARTER), str(tmp_path / "said")])
    assert (tmp_path / "said").read_text() == "qwen2 smollm"


def test_a_way_of_splitting_text_that_is_not_one_of_the_plain_ones_gets_no_name(tmp_path: Path):
    says = json.loads((STARTER / "tokenizer.json").read_text())
    other = tmp_path / "tokenizer.json"
    for changed in ({"normalizer": {"type": "NFC"}}, {"pre_tokenizer": None}, {"model": {"type": "Unigram"}}):
        other.write_text(json.dumps(says | changed))
        assert not converting.way_of(other)


def test_a_converter_that_does_not_end_is_ended(tmp_path: Path):
    (tmp_path / "convert.py").write_text("import threading; threading.Event().wait()")
    waiting = {"name": "x", "converter": tmp_path / "convert.py", "should_stop": lambda: False}
    with pytest.raises(Exception, match="was ended"):
        gguf.convert(tmp_path, **waiting, limit=0.0)
    with pytest.raises(gguf.Cancelled):
        gguf.convert(tmp_path, **waiting | {"should_stop": lambda: True})


def test_a_study_that_drew_its_answers_hands_out_how(wanted):
    drawn = Sampling(temperature=0.7, top_p=0.9)
    sampling = {"max_new_tokens": 9, "temperature": drawn.temperature, "top_p": drawn.top_p, "seed": 7}
    _, folder, _ = delivered(wanted("adapter", sampling=sampling))
    settings = json.loads((folder / "generation_config.json").read_text())
    assert (settings["do_sample"], settings["temperature"], settings["top_p"]) == (True, 0.7, 0.9)


def test_what_a_killed_delivery_left_is_in_none_that_is_made_after_it(wanted):
    spec = wanted("adapter")
    draft = Path(spec["to"]).with_name(".out.part")
    draft.mkdir(parents=True)
    (draft / "half.safetensors").write_bytes(b"half")
    outcome, to, _ = delivered(spec)
    assert outcome.state == "done" and not draft.exists() and not (to / "half.safetensors").exists()


def test_the_script_of_a_delivery_asks_as_the_model_was_asked_here(tiny_model: Path) -> None:
    from trl.chat_template_utils import qwen3_chat_template

    tokenizer = load_tokenizer(tiny_model)
    assert _plainly(tokenizer) == ""
    tokenizer.chat_template = qwen3_chat_template
    assert _plainly(tokenizer) == ", enable_thinking=False"

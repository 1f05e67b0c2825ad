"""Models: hostile folders of models, adapters and checkpoints, cases 75 to 92, each a whole folder that was spoiled."""

import json
import os
import pickle
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from studio.recipes.shape import shape_of
from tests.hostile.case import Case, accept, refuse
from tests.recipes.conftest import CONFIG, TEMPLATE

Spoil = Callable[[Path], None]
WEIGHTS, CANARY = "model.safetensors", "canary"
ADAPTER, DAMAGED, NO_SAFETENSORS = "holds an adapter, not a whole model", "damaged header", "is not a safetensors file"
CODE = "asks to run code of its own"
SETTINGS = ("config.json", "tokenizer_config.json", "generation_config.json")


class Canary:
    """A pickle that leaves a file behind when it is opened."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return os.mkdir, (str(self.place),)


def whole_model(folder: Path) -> Path:
    """A folder that holds all that a model needs."""
    folder.mkdir(parents=True)
    _write(folder / "config.json", CONFIG)
    _write(folder / "tokenizer.json", {"version": "1.0"})
    _write(folder / "tokenizer_config.json", {"chat_template": TEMPLATE})
    save_file({"weights": np.zeros(shape_of(CONFIG).parameters, dtype=np.float16)}, folder / WEIGHTS)
    return folder


def _write(path: Path, value: object) -> None:
    path.write_text(json.dumps(value), encoding="utf-8")


def with_settings(name: str, **changes: Any) -> Spoil:
    """One of the JSON files says something else as well."""

    def spoil(folder: Path) -> None:
        path = folder / name
        held = json.loads(path.read_text()) if path.exists() else {}
        _write(path, held | changes)

    return spoil


def with_text(name: str, text: str | Callable[[], str]) -> Spoil:
    return lambda folder: _say((folder / name).write_text(text if isinstance(text, str) else text(), "utf-8"))


def with_bytes(name: str, content: Callable[[Path], bytes]) -> Spoil:
    return lambda folder: _say((folder / name).write_bytes(content(folder)))


def _say(_: object) -> None:
    pass


def with_header(header: object, *, body: int = 64, length: int | None = None) -> Spoil:
    """Weights of which the header says this; `length` is what it says of its own length."""
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    start = struct.pack("<Q", len(raw) if length is None else length)
    return with_bytes(WEIGHTS, lambda _: start + raw + bytes(body))


def tensor(shape: list[Any], start: Any = 0, end: Any = 64, kind: Any = "F16") -> dict[str, Any]:
    return {"dtype": kind, "shape": shape, "data_offsets": [start, end]}


def pickled(folder: Path) -> bytes:
    return pickle.dumps(Canary(folder / CANARY))


def beside(*names: str) -> Spoil:
    """Pickles that lie beside good weights."""

    def spoil(folder: Path) -> None:
        for name in names:
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_bytes(pickled(folder))

    return spoil


def only(name: str) -> Spoil:
    """A pickle in place of the weights."""

    def spoil(folder: Path) -> None:
        (folder / WEIGHTS).unlink()
        (folder / name).write_bytes(pickled(folder))

    return spoil


def adapter(**settings: Any) -> Spoil:
    return with_settings("adapter_config.json", peft_type="LORA", **settings)


def index_of(names: object) -> Spoil:
    """Weights in several files, whose index names these."""

    def spoil(folder: Path) -> None:
        (folder / WEIGHTS).rename(folder / "a.safetensors")
        _write(folder / f"{WEIGHTS}.index.json", {"weight_map": names})

    return spoil


def linked(name: str, target: str) -> Spoil:
    def spoil(folder: Path) -> None:
        (folder / name).unlink()
        (folder / name).symlink_to(target)

    return spoil


def zipped(folder: Path) -> bytes:
    with zipfile.ZipFile(folder / "x.zip", "w") as archive:
        archive.writestr("data.pkl", pickled(folder))
    return (folder / "x.zip").read_bytes()


def header_of_99_megabytes(folder: Path) -> None:
    with (folder / WEIGHTS).open("wb") as file:
        file.write(struct.pack("<Q", 99_000_000))
        file.truncate(99_000_100)


def as_in_a_cache(folder: Path) -> None:
    """Every file is a link to a blob, as the cache of a hub has it."""
    blobs = folder.parent.with_name("blobs")
    blobs.mkdir()
    for path in list(folder.iterdir()):
        path.rename(blobs / path.name)
        path.symlink_to(blobs / path.name)


def nested(depth: int) -> str:
    return '{"a": ' + "[" * depth + "]" * depth + "}"


CASES: tuple[Case[Spoil], ...] = (
    accept("E75", "a pickle beside the weights", beside("adapter_model.bin", "pytorch_model.bin")),
    refuse("E75", "an adapter that is a pickle", lambda folder: [adapter()(folder), only("adapter_model.bin")(folder)], ADAPTER),
    refuse("E75", "weights that are a pickle", only("pytorch_model.bin"), "pytorch_model.bin, not in safetensors; such files can run code"),
    refuse("E76", "a pickle named .safetensors", with_bytes(WEIGHTS, pickled), NO_SAFETENSORS),
    refuse("E76", "a zip named .safetensors", with_bytes(WEIGHTS, zipped), NO_SAFETENSORS),
    refuse("E77", "a header of 2^63 bytes", with_header({}, length=2**63), NO_SAFETENSORS),
    refuse("E77", "a header that is longer than the file", with_header({}, length=1000), NO_SAFETENSORS),
    refuse("E77", "a header of 99 MB", header_of_99_megabytes, NO_SAFETENSORS),
    refuse("E77", "a header with 25,000 tensors", with_header({f"t{n}": tensor([0], 0, 0) for n in range(25_000)}), DAMAGED),
    refuse("E77", "a header nested 100,000 deep", with_header(b"[" * 100_000), DAMAGED),
    refuse("E77", "a header with a number of 5,000 digits", with_header(b'{"a": {"dtype": "F16", "shape": [' + b"9" * 5000 + b'], "data_offsets": [0, 64]}}'), DAMAGED),
    refuse("E77", "a header that is no object", with_header(b"[1, 2]"), DAMAGED),
    refuse("E77", "a tensor that is null", with_header({"a": None}), DAMAGED),
    refuse("E78", "tensors that lie over each other", with_header({"a": tensor([16], 0, 32), "b": tensor([24], 16, 64)}), "do not lie end to end"),
    refuse("E78", "a gap between tensors", with_header({"a": tensor([8], 0, 16), "b": tensor([8], 48, 64)}), "do not lie end to end"),
    refuse("E78", "a shape with a negative side", with_header({"a": tensor([-4, -8])}), DAMAGED),
    refuse("E78", "a shape of 2^200", with_header({"a": tensor([2**40] * 5)}), "do not lie end to end"),
    refuse("E78", "a shape in words", with_header({"a": tensor(["32"])}), DAMAGED),
    refuse("E78", "places in words", with_header({"a": tensor([32], "0", "64")}), DAMAGED),
    refuse("E78", "a place that is infinite", with_header(b'{"a": {"dtype": "F16", "shape": [32], "data_offsets": [0, 1e999]}}'), DAMAGED),
    refuse("E78", "a kind of number that nobody knows", with_header({"a": tensor([32], kind="<b>\u202eX")}), "compressed weights"),
    refuse("E78", "a kind of number that is null", with_header({"a": tensor([32], kind=None)}), DAMAGED),
    refuse("E78", "a shape that its bytes do not hold", with_header({"a": tensor([33])}), "do not lie end to end"),
    refuse("E80", "an adapter of rank 0", adapter(r=0), ADAPTER),
    refuse("E80", "an adapter of rank 1,000,000", adapter(r=10**6), ADAPTER),
    refuse("E81", "an adapter that names modules to import", adapter(auto_mapping={"parent_library": "os"}, megatron_core="evil", megatron_config={}), ADAPTER),
    refuse("E82", "an adapter with a pattern that never ends", adapter(target_modules="(a+)+$", modules_to_save=["model"]), ADAPTER),
    *(refuse("E83", f"an adapter of {base[:20]}", adapter(base_model_name_or_path=base), ADAPTER)
      for base in ("/etc", "http://169.254.169.254", "../../x")),
    *(refuse("E84", f"code named in {name}", with_settings(name, auto_map={"AutoConfig": "evil.Evil"}), f"{CODE} .{name}: auto_map") for name in SETTINGS),
    refuse("E84", "trust_remote_code", with_settings("config.json", trust_remote_code=True), CODE),
    refuse("E84", "code named further inside", with_settings("config.json", rope_scaling={"auto_map": {"a": "b"}}), CODE),
    refuse("E84", "code named in the text part", with_settings("config.json", text_config=CONFIG | {"model_type": "llama", "auto_map": {"AutoConfig": "x.Y"}}), CODE),
    accept("E84", "a program that nothing names", with_text("modeling_evil.py", "raise SystemExit")),
    refuse("E85", "attention by a kernel of the hub", with_settings("config.json", attn_implementation="evil/kernel"), CODE),
    refuse("E85", "the same under its inner name", with_settings("config.json", _attn_implementation_internal="evil/kernel"), CODE),
    refuse("E85", "a way of compressing of its own", with_settings("config.json", quantization_config={"quant_method": "evil"}), "already compressed"),
    accept("E85", "a name that is an address", with_settings("config.json", _name_or_path="http://169.254.169.254/")),
    refuse("E86", "a vocabulary of 1,000,000,000", with_settings("config.json", vocab_size=10**9), "describes .* parameters, but the weights hold"),
    refuse("E86", "a width of 10^400", with_settings("config.json", hidden_size=10**400), "no usable hidden_size"),
    refuse("E86", "a width of 0", with_settings("config.json", hidden_size=0), "no usable hidden_size"),
    refuse("E86", "a width in words", with_settings("config.json", hidden_size="64"), "no usable hidden_size"),
    refuse("E86", "a head in words", with_settings("config.json", head_dim="wide"), "no usable head_dim"),
    refuse("E86", "a list for a head", with_settings("config.json", head_dim=[16]), "no usable head_dim"),
    refuse("E86", "not a number", with_text("config.json", json.dumps(CONFIG | {"head_dim": float("nan")})), "no usable head_dim"),
    refuse("E86", "more heads than width", with_settings("config.json", num_attention_heads=10**6, head_dim=None), "describes"),
    refuse("E86", "a kind of 100,000 letters", with_settings("config.json", architectures=["x\u202e" * 50_000]), "Models of the kind x.{20,100} cannot"),
    refuse("E86", "layers that are a number", with_settings("config.json", architectures=["X"], layer_types=7), "Models of the kind X cannot"),
    refuse("E86", "a configuration nested 100,000 deep", with_text("config.json", lambda: nested(100_000)), "config.json is not"),
    refuse("E86", "a configuration with a number of 5,000 digits", with_text("config.json", '{"a": ' + "9" * 5000 + "}"), "config.json is not"),
    refuse("E86", "a configuration of 2 MB", with_text("config.json", lambda: json.dumps({"a": "x" * 2_000_000})), "config.json is not"),
    refuse("E86", "a configuration that is no UTF-8", with_bytes("config.json", lambda _: b'{"a": "\xff"}'), "config.json is not"),
    refuse("E87", "a tokenizer's settings nested 100,000 deep", with_text("tokenizer_config.json", lambda: nested(100_000)), "tokenizer_config.json is not"),
    refuse("E87", "a tokenizer's settings of 30 MB", with_text("tokenizer_config.json", lambda: json.dumps({"a": "x" * 30_000_000})), "tokenizer_config.json is not"),
    refuse("E87", "a tokenizer by code of its own", with_settings("tokenizer_config.json", auto_map={"AutoTokenizer": ["x.Y", None]}), CODE),
    accept("E89", "10^9 words at once", with_settings("generation_config.json", max_new_tokens=10**9, forced_bos_token_id=1)),
    refuse("E89", "a way of generating of its own", with_settings("generation_config.json", custom_generate="./custom_generate"), CODE),
    accept("E89", "a folder with a way of generating that nothing names", beside("custom_generate/generate.py")),
    accept("E90", "what a trainer keeps as pickles", beside("rng_state.pth", "optimizer.pt", "training_args.bin", "scheduler.pt")),
    refuse("E91", "an index that leads above the folder", index_of({"a": "../../x.safetensors"}), "points outside its folder"),
    refuse("E91", "an index that leads to the root", index_of({"a": "/etc/passwd"}), "points outside its folder"),
    refuse("E91", "an index with a NUL in a name", index_of({"a": "a\0.safetensors"}), "points outside its folder"),
    refuse("E91", "an index with a name of 4 kB", index_of({"a": "a" * 4096 + ".safetensors"}), "points outside its folder"),
    refuse("E91", "an index with half a character", index_of({"a": "a\ud800.safetensors"}), "points outside its folder"),
    refuse("E91", "an index that names numbers", index_of({"a": 7}), "points outside its folder"),
    refuse("E91", "an index that names lists", index_of({"a": ["a.safetensors"]}), "cannot be read"),
    refuse("E91", "an index that is a list", index_of([1]), "cannot be read"),
    refuse("E91", "an index of nothing", index_of({}), "weight files are missing"),
    refuse("E91", "an index nested 100,000 deep", lambda folder: [index_of({})(folder), with_text(f"{WEIGHTS}.index.json", nested(100_000))(folder)], "cannot be read"),
    refuse("E92", "a GGUF alone", only("model.gguf"), "model.gguf, not in safetensors"),
    refuse("E92", "a GGUF named .safetensors", with_bytes(WEIGHTS, lambda _: b"GGUF\3\0\0\0" + bytes(64)), NO_SAFETENSORS),
    refuse("E92", "weights that are a link to a file of the system", linked(WEIGHTS, "/etc/passwd"), NO_SAFETENSORS),
    refuse("E92", "settings that are a link to a device", linked("config.json", "/dev/zero"), "holds no config.json|is a link"),
    refuse("E92", "settings that are a link to themselves", linked("config.json", "config.json"), "holds no config.json|is a link"),
    accept("E92", "a folder of a hub's cache, all of links", as_in_a_cache),
    accept("E92", "a description with a script in it", with_text("README.md", "<script>alert(1)</script>")),
)  # fmt: skip

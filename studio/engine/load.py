"""Load a model folder: its tokenizer and its weights, from this disk alone and without running code from the folder."""

import importlib
import json
import logging
import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from studio.domain.bounded import bind
from studio.domain.errors import RecipeError
from studio.domain.excerpt import visible
from studio.domain.foreign_code import CONFIGS, code_asked_for, leads_away
from studio.engine.adapters import check_adapter

if TYPE_CHECKING:
    import torch
    from peft import PeftModel
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


def prepare_process() -> None:
    """Set up this process before torch is imported: no network, one GPU, no noise in a person's log."""
    os.environ.update(
        HF_HUB_OFFLINE="1",
        TOKENIZERS_PARALLELISM="false",
        HF_HUB_DISABLE_TELEMETRY="1",
        DO_NOT_TRACK="1",
        BITSANDBYTES_NOWELCOME="1",
        ONEDNN_PRIMITIVE_CACHE_CAPACITY="32",  # as the worker sets it, and says why
        LRU_CACHE_CAPACITY="32",
    )
    os.environ.setdefault("PYTORCH_ALLOC_CONF", "expandable_segments:True")
    # Several visible GPUs would make the trainer replicate the model, which QLoRA does not support.
    os.environ["CUDA_VISIBLE_DEVICES"] = os.environ.get("CUDA_VISIBLE_DEVICES", "0").split(",")[0]
    # bitsandbytes looks for an optional faster kernel on import and warns when it is not there; it works without.
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
    logging.getLogger("bitsandbytes.backends.cpu.ops").setLevel(logging.ERROR)
    logging.getLogger("torchao").setLevel(logging.ERROR)

    import datasets
    import transformers.utils.logging

    import_bitsandbytes()
    datasets.disable_progress_bars()
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    warnings.filterwarnings("ignore", category=FutureWarning)


def import_bitsandbytes() -> None:
    """Import it without torch's compiler, which takes two seconds to load.

    It wraps a few substitutes for kernels that a device lacks, and needs none of them for what the studio does.
    """
    import torch

    whole = torch.compile
    torch.compile = lambda model=None, **_: (lambda wrapped: wrapped) if model is None else model
    try:
        importlib.import_module("bitsandbytes")
    finally:
        torch.compile = whole


def check_model_folder(folder: Path) -> None:
    """Refuse a folder that is no model, holds no safetensors weights, or asks to run code of its own."""
    if not folder.exists():
        raise RecipeError(
            f"The model is no longer where it was: {folder}.",
            fix="Put its folder back and resume, or choose another model.",
        )
    if not (folder / "config.json").is_file():
        raise RecipeError(
            f"There is no model in {folder}.",
            fix="Choose a folder that holds config.json, a tokenizer and safetensors weights.",
        )
    for name in CONFIGS:
        if (folder / name).is_file():
            _check_config(_read_json(folder / name), name)
        if leads_away(folder / name):
            raise RecipeError(f"{name} of this model is a link to elsewhere.", fix="Put the file itself there.")
    if _read_json(folder / "config.json").get("quantization_config"):
        raise RecipeError(
            "This model's weights are already quantised.",
            fix="Choose the original model; the studio quantises it when it loads it.",
        )
    _check_weights(folder)


def load_tokenizer(folder: Path) -> "PreTrainedTokenizerBase":
    """The folder's tokenizer; a missing padding token becomes the end token."""
    import transformers.tokenization_utils_base as base
    from jinja2.sandbox import ImmutableSandboxedEnvironment
    from transformers import AutoTokenizer

    check_model_folder(folder)
    bind(base, ImmutableSandboxedEnvironment)
    any_kind = cast("Any", AutoTokenizer)  # as a type it is a list of all the kinds there are, seconds long
    tokenizer = any_kind.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def needs_template(tokenizer: "PreTrainedTokenizerBase") -> None:
    """Refuse a model that does not say how conversations are written; plain texts can be taught to it."""
    if not tokenizer.chat_template:
        raise RecipeError(
            "This model has no chat template, so it can neither learn answers in a conversation nor give any.",
            fix="Choose its instruct or chat version, or train it on plain texts.",
        )


def load_model(
    folder: Path, *, quantisation: Literal["nf4", "none"], in_full_precision: bool = False
) -> "PreTrainedModel":
    """The folder's weights on the first GPU, or on the CPU when there is none, by the same code.

    nf4 is the QLoRA setting (Dettmers et al. 2023): NF4 blocks, double quantisation, bfloat16 arithmetic. Weights that
    are trained themselves need full precision: in bfloat16 a small correction would be rounded away.
    """
    import torch
    from transformers import AutoModelForCausalLM, BitsAndBytesConfig

    check_model_folder(folder)
    options: dict[str, Any] = {}
    if quantisation == "nf4":
        options["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=torch.bfloat16,
        )
    return AutoModelForCausalLM.from_pretrained(
        folder,
        dtype=torch.float32 if in_full_precision else torch.bfloat16,
        device_map={"": device()},
        local_files_only=True,
        trust_remote_code=False,
        use_safetensors=True,
        **options,
    )


def with_adapter(model: "PreTrainedModel", folder: Path) -> "PeftModel":
    """The model with the adapter of a checkpoint, to be trained further."""
    from peft import PeftModel

    check_adapter(folder)
    tuned = PeftModel.from_pretrained(model, str(folder), is_trainable=True)
    # A checkpoint names its base by an id; where it is on this machine, peft looks for it when it saves.
    tuned.active_peft_config.base_model_name_or_path = model.name_or_path
    return tuned


def keep_unpacked(model: "torch.nn.Module") -> None:
    """Keep 4-bit layers on the CPU in the layout that gradients, and DoRA's norms of weights, can be computed from.

    On CPUs with AVX512-BF16, bitsandbytes repacks a layer for inference at the first forward pass in evaluation mode
    and never back; training after a check would then lose the gradient through every frozen layer, without an error.
    """
    from bitsandbytes.nn import Linear4bit

    for module in model.modules():
        if isinstance(module, Linear4bit):
            module.support_avx512bf16_for_cpu = False


def device() -> str:
    """Where models live in this process, as torch names it."""
    import torch

    return "cuda:0" if torch.cuda.is_available() else "cpu"


def device_title() -> str:
    """The same in words for a person."""
    import torch

    return torch.cuda.get_device_name(0) if torch.cuda.is_available() else "CPU"


def peak_memory() -> int:
    """The most bytes that this process has held: on the GPU if there is one, else in main memory."""
    import torch

    return torch.cuda.max_memory_reserved() if torch.cuda.is_available() else _peak_of_main_memory()


def _peak_of_main_memory() -> int:
    """Bytes at this process's own high-water mark; `ru_maxrss` would be its parent's where that was larger.

    A forked worker takes the libraries that lie in memory before it: those count as well, as if it had loaded them.
    """
    lines = Path("/proc/self/status").read_text().splitlines()
    own = int(next(line for line in lines if line.startswith("VmHWM:")).split()[1]) * 1024
    return own + int(os.environ.get("STUDIO_INHERITED_MEMORY", 0))


def _read_json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise RecipeError(
            f"{path.name} of this model cannot be read.", fix="Download or copy the model again."
        ) from error
    if not isinstance(value, dict):
        raise RecipeError(f"{path.name} of this model is not a configuration.", fix="Download or copy the model again.")
    return value


def _check_config(value: object, name: str) -> None:
    if key := code_asked_for(value):
        raise RecipeError(
            f"This model asks to run code of its own ({name}: {key}), which the studio never does.",
            fix="Choose a model that the transformers library supports by itself.",
        )


def _check_weights(folder: Path) -> None:
    index = folder / "model.safetensors.index.json"
    listed = _read_json(index).get("weight_map") if index.is_file() else {"": "model.safetensors"}
    names = listed.values() if isinstance(listed, dict) else [None]
    here = {path.name for path in folder.glob("*.safetensors") if path.is_file()}
    for name in names:
        if not isinstance(name, str) or name not in here:
            raise RecipeError(
                f"The weights of this model are not complete: {visible(str(name))[:80]} is missing.",
                fix="Choose a model with safetensors weights, or download or copy it again.",
            )

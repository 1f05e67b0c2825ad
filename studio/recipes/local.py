"""Local: check a model folder before anything loads it. No code from the folder is ever run."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio.domain.errors import RecipeError
from studio.domain.foreign_code import code_asked_for, leads_away, too_many_labels
from studio.domain.model import Shape
from studio.recipes.settings import read_settings
from studio.recipes.shape import PICK_ANOTHER, read_config, shape_of
from studio.recipes.weights import AGAIN, stored_parameters

SETTINGS_BYTES = 20_000_000
TEMPLATE_CHARACTERS = 100_000  # five times the longest of a known model
# What is read beside the weights. Not by links to elsewhere: what they lead to would be shown as the model's own words.
READ = (
    "config.json", "tokenizer.json", "tokenizer_config.json", "generation_config.json", "special_tokens_map.json",
    "added_tokens.json", "vocab.json", "merges.txt", "tokenizer.model", "chat_template.jinja",
)  # fmt: skip
SENSES = ("vision_config", "audio_config", "speech_config")


@dataclass(frozen=True, slots=True)
class CheckedModel:
    """A folder that may be loaded: what to call it, its sizes, and whether it says how conversations are written."""

    title: str
    shape: Shape
    has_template: bool


def check_model_folder(folder: Path) -> CheckedModel:
    """Accept a folder with a whole text model in safetensors; RecipeError says what is wrong and what to do."""
    if not folder.is_dir():
        raise RecipeError(f"There is no folder {folder}.", fix="Check the path: a folder on the studio's machine.")
    if (folder / "adapter_config.json").exists():
        raise RecipeError(
            f"{folder.name} holds an adapter, not a whole model.", fix="Add the base model it was trained on."
        )
    shape = check_settings(folder)
    _check_size(shape, stored_parameters(folder))
    return CheckedModel(title=_title(folder), shape=shape, has_template=_has_template(folder))


def check_settings(folder: Path) -> Shape:
    """The same for all but the weights: what the model is and asks for, and its tokenizer."""
    _refuse_links(folder)
    config = read_config(folder)
    _refuse_what_is_not_plain(config)
    shape = shape_of(config)
    _check_tokenizer(folder)
    return shape


def _refuse_links(folder: Path) -> None:
    away = next((name for name in READ if leads_away(folder / name)), None)
    if away:
        raise RecipeError(
            f"{away} in {folder.name} is a link to somewhere else.", fix="Put the file itself into the folder."
        )


def _refuse_what_is_not_plain(config: dict[str, Any]) -> None:
    _refuse_code(config, "config.json")
    if too_many_labels(config):
        raise RecipeError("config.json names more labels than any text model has.", fix=PICK_ANOTHER)
    if any(config.get(name) for name in SENSES):
        raise RecipeError("This model also reads pictures or sound, which is not supported here.", fix=PICK_ANOTHER)
    if config.get("quantization_config"):
        raise RecipeError(
            "This model is already compressed.",
            fix="Download the original 16-bit model; the studio makes the 4-bit version itself.",
        )


def _refuse_code(settings: dict[str, Any], name: str) -> None:
    if asked := code_asked_for(settings):
        raise RecipeError(
            f"This model asks to run code of its own ({name}: {asked}), and the studio never does that.",
            fix="Use a version of the model without custom code.",
        )


def _check_tokenizer(folder: Path) -> None:
    if not (folder / "tokenizer.json").is_file():
        raise RecipeError(f"{folder.name} holds no tokenizer.json.", fix=AGAIN)
    settings = _settings(folder / "tokenizer_config.json")
    _refuse_code(settings, "tokenizer_config.json")
    if (folder / "generation_config.json").exists():
        _refuse_code(_settings(folder / "generation_config.json"), "generation_config.json")
    file = folder / "chat_template.jinja"
    beside = file.stat().st_size if file.is_file() else 0
    if max(beside, len(str(settings.get("chat_template") or ""))) > TEMPLATE_CHARACTERS:
        raise RecipeError("The chat template of this model is far too long to be one.", fix=PICK_ANOTHER)


def _has_template(folder: Path) -> bool:
    held = _settings(folder / "tokenizer_config.json").get("chat_template")
    return bool(held) or (folder / "chat_template.jinja").is_file()


def _settings(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise RecipeError(f"{path.parent.name} holds no {path.name}.", fix=AGAIN)
    try:
        return read_settings(path, most=SETTINGS_BYTES)
    except ValueError as error:
        raise RecipeError(f"{path.name} is not a model's configuration.", fix=AGAIN) from error


def _check_size(shape: Shape, stored: int) -> None:
    """Weights and configuration must tell of the same model; tied embeddings may lie in the file once or twice."""
    most = shape.parameters + (shape.vocabulary * shape.hidden if shape.tied_embeddings else 0)
    if not 0.95 * shape.parameters <= stored <= 1.05 * most:
        raise RecipeError(
            f"config.json describes {shape.parameters:,} parameters, but the weights hold {stored:,}.",
            fix="Download config.json and the weights from the same place.",
        )


def _title(folder: Path) -> str:
    """The folder's name, or the model's where the folder is one of a hub cache's snapshots."""
    if folder.parent.name == "snapshots" and folder.parent.parent.name.startswith("models--"):
        return folder.parent.parent.name.removeprefix("models--").rpartition("--")[2]
    return folder.name

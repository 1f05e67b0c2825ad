"""Models: which bases there are, and whether each can be used here."""

from pathlib import Path

from studio.domain.errors import RecipeError
from studio.domain.model import Model
from studio.flows.studio import Studio
from studio.recipes.catalogue import catalogue, with_reasons
from studio.recipes.local import check_model_folder
from studio.recipes.machine import measure_machine
from studio.store import models as stored
from studio.store.ids import new_id

STARTER = "starter"


def models(studio: Studio) -> list[Model]:
    """The starter, the folders that were added, then the catalogue with a reason where it cannot be used here."""
    machine = measure_machine(studio.workspace.root)
    return with_reasons(catalogue(), machine=machine, starter=studio.assets / "starter", added=stored.all(studio.store))


def model(studio: Studio, model_id: str) -> Model:
    for found in models(studio):
        if found.id == model_id:
            return found
    raise RecipeError(
        f"There is no model called {model_id}.", fix="Run `models` or open the model picker for the list."
    )


def usable(studio: Studio, model_id: str) -> Model:
    """The model if it can be trained here; RecipeError with the reason if not."""
    found = model(studio, model_id)
    if not found.is_usable:
        raise RecipeError(
            f"{found.title} cannot be used here. {found.reason}", fix="Pick another model.", field="model"
        )
    return found


def add_model(studio: Studio, path: Path) -> Model:
    """Add a model folder from this machine, checked before anything loads it; the same folder twice is one model."""
    try:
        folder = path.expanduser().resolve()
        folder.stat()
    except (OSError, RuntimeError) as error:  # no such place, no such user, or a name that no disk can hold
        raise RecipeError(f"There is no folder {str(path)[:200]}.", fix="Give the path of a model folder.") from error
    added = stored.add(studio.store, id=new_id("model"), title=check_model_folder(folder).title, path=folder)
    return model(studio, added.id)

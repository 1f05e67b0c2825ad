"""Templates: whether a chat template says which words are answers, which training on answers alone needs."""

import importlib.util
import re
from pathlib import Path

MARK = re.compile(r"\{%-?\s*generation\s*-?%\}")
TRAINING = "_training.jinja"


def answers_are_marked(template: str) -> bool:
    """True if the template marks answers itself or is, word for word, one that the training library can mark."""
    return bool(MARK.search(template)) or template in _known_templates()


def _known_templates() -> set[str]:
    """The original of each template that TRL ships with a marked version; read as text, so nothing is imported."""
    found = importlib.util.find_spec("trl")
    if found is None or found.submodule_search_locations is None:
        return set()
    folder = Path(found.submodule_search_locations[0]) / "chat_templates"
    originals = (path.with_name(path.name.replace(TRAINING, ".jinja")) for path in folder.glob(f"*{TRAINING}"))
    return {path.read_text(encoding="utf-8") for path in originals if path.is_file()}

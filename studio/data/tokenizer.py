"""Tokenizer: load a model's own, where possible without torch, which takes longer to load than all the rest."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from studio.domain.answers import marks_answers
from studio.domain.bounded import bind

# Set in a process that does one piece of work and ends: what it does without is missed by nothing else.
FOR_ONE = "STUDIO_WORKER_FOR_ONE"


def load_tokenizer(folder: Path, *, texts: bool) -> Any:
    """OSError or ValueError where there is none that can be read; `texts` need no chat template."""
    if FOR_ONE in os.environ and (texts or has_marks(folder)):
        with _without_torch():
            return _load(folder)
    return _load(folder)


def _load(folder: Path) -> Any:
    import transformers.tokenization_utils_base as base
    from jinja2.sandbox import ImmutableSandboxedEnvironment
    from transformers import AutoTokenizer

    bind(base, ImmutableSandboxedEnvironment)
    any_kind = cast("Any", AutoTokenizer)  # as a type it is a list of all the kinds there are, seconds long
    return any_kind.from_pretrained(folder, local_files_only=True, trust_remote_code=False)


def has_marks(folder: Path) -> bool:
    """Whether the chat template plainly says where answers begin; for any other, TRL is asked, and TRL needs torch."""
    try:
        if (folder / "chat_template.jinja").exists():
            template = (folder / "chat_template.jinja").read_text(encoding="utf-8")
        else:
            template = json.loads((folder / "tokenizer_config.json").read_bytes())["chat_template"]
    except (OSError, ValueError, KeyError):
        return False
    return isinstance(template, str) and marks_answers(template)


@contextmanager
def _without_torch() -> Iterator[None]:
    """Inside, transformers is loaded as where there is no torch; it stays so in this process."""
    if not {"torch", "transformers"}.isdisjoint(sys.modules):
        yield
        return
    os.environ["TRANSFORMERS_NO_ADVISORY_WARNINGS"] = "1"  # that there is no torch
    sys.modules["torch"] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules["torch"]

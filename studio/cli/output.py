"""Output: an answer as words for people or as JSON for programs, and refusals alike."""

import functools
import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict, is_dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import BaseModel

from studio.domain.errors import StudioError

Json = Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")]


def answer(as_json: bool, values: dict[str, Any] | list[Any], words: str) -> None:
    """Print one answer."""
    typer.echo(json.dumps(values, default=_plain, ensure_ascii=False, indent=2) if as_json else words)


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump()
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Path | StrEnum):
        return str(value)
    if isinstance(value, frozenset | tuple | set):
        return list(value)
    raise TypeError(f"{type(value).__name__} cannot be shown")


def verb(command: Callable[..., None]) -> Callable[..., None]:
    """Turn a StudioError into one sentence (or a JSON error) and exit status 1."""

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except StudioError as error:
            if kwargs.get("json"):
                typer.echo(json.dumps({"error": {"code": error.code, "message": error.message, "fix": error.fix}}))
            else:
                typer.echo(error.sentence, err=True)
            raise typer.Exit(1) from error
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(1) from None

    return run

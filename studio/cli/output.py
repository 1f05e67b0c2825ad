"""Output: an answer as words for people or as JSON for programs, and refusals alike."""

import functools
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from pydantic import BaseModel
from typer.exceptions import TyperException

from studio.domain.errors import StudioError
from studio.domain.excerpt import visible

Json = Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")]


def answer(as_json: bool, values: dict[str, Any] | list[Any], words: str) -> None:
    """Print one answer; what is no number in JSON (infinity, for one) becomes null."""
    options = orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY
    if as_json:
        typer.echo(orjson.dumps(values, default=_plain, option=options))
    else:
        say(words)


def say(words: str, *, err: bool = False, nl: bool = True) -> None:
    """Print words, with a sign for every letter that would move the cursor, colour or rename the terminal, or hide."""
    lines = [[visible(part) for part in line.split("\t")] for line in words.split("\n")]
    typer.echo("\n".join(map("\t".join, lines)), err=err, nl=nl)


def error_values(error: StudioError) -> dict[str, Any]:
    """A refusal as every verb tells it to programs."""
    return {"error": {"code": error.code, "message": error.message, "fix": error.fix}}


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump()
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, frozenset | set):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} cannot be shown")


def verb(command: Callable[..., None]) -> Callable[..., None]:
    """Turn a StudioError into one sentence (or a JSON error) and exit status 1."""

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except StudioError as error:
            refuse(error, as_json=bool(kwargs.get("json")))
            raise typer.Exit(1) from error
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(1) from None
        except (TyperException, typer.Exit, typer.Abort):  # wrong usage, or an end that was meant
            raise
        except Exception as error:
            traceback.print_exc()
            refuse(_internal(error), as_json=bool(kwargs.get("json")))
            raise typer.Exit(1) from error

    return run


def refuse(error: StudioError, *, as_json: bool) -> None:
    if as_json:
        answer(True, error_values(error), "")
    else:
        say(error.sentence, err=True)


def _internal(error: Exception) -> StudioError:
    return StudioError(
        f"Something in the studio itself failed: {type(error).__name__}.", fix="The lines above say where it happened."
    )

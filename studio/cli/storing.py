"""Storing: the whole workspace as a file, and a workspace from such a file."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from studio.cli import deleting
from studio.cli.output import Json, answer, verb
from studio.cli.workspace import opened, workspaces_folder
from studio.domain.deleted import AT
from studio.flows import backup as backups
from studio.flows import restore as restoring
from studio.recipes.words import amount
from studio.store.archive import Manifest
from studio.store.workspace import PLAIN_NAME, Workspace

QUIET_FOR = 2.0


@verb
def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A new file, workspace.zip for one.")],
    without_models: Annotated[
        bool, typer.Option("--without-models", help="Leave out models that can be downloaded again.")
    ] = False,
    json: Json = False,
) -> None:
    """Keep the whole workspace in one verified file, while the studio goes on."""
    made = backups.make(opened(), file, models=not without_models, tell=_told())
    words = f"{file}: {_files(made)}, written and read back."
    if made.left_out:
        words += f" {len(made.left_out):,} were removed by what goes on meanwhile: {', '.join(made.left_out[:5])}."
    values = {"file": file, "files": len(made.entries), "bytes": made.bytes, "left_out": made.left_out}
    answer(json, values, words)


@verb
def restore(
    what: Annotated[
        list[str], typer.Argument(metavar="ID … | FILE", help="What is in the bin, or a file that `backup` made.")
    ],
    replace: Annotated[
        bool, typer.Option("--replace", help="With a file: move what is in the workspace aside.")
    ] = False,
    json: Json = False,
) -> None:
    """Bring things back from the bin, or make a workspace of a backup."""
    if len(what) > 1 or PLAIN_NAME.fullmatch(what[0].replace(AT, "")):
        deleting.restore(what, json=json)
        return
    workspace, url = Workspace(workspaces_folder().resolve()), os.environ.get("STUDIO_DATABASE")
    done = restoring.restore(workspace, Path(what[0]), replace=replace, url=url, tell=_told())
    made, values = done.manifest, {"workspace": workspace.root, "aside": done.aside}
    words = [f"{workspace.root} is as it was at {made.made_at}: {_files(made)}."]
    if done.aside:
        words.append(f"What was there before lies in {done.aside}; delete it when you need it no more.")
    if done.interrupted:
        words.append(f"Interrupted, and can be resumed: {done.interrupted}.")
    if done.waiting:
        words.append(f"Waiting, and begins with the next start of the studio: {done.waiting}.")
    words.append(
        "Everybody has to sign in anew. Roles, keys and links are those of that time: look whether all should hold."
    )
    values |= {"made_at": made.made_at, "interrupted": done.interrupted, "waiting": done.waiting}
    answer(json, values, "\n".join(words))


def _files(made: Manifest) -> str:
    count = len(made.entries)
    return f"{count:,} file{'' if count == 1 else 's'} of {amount(made.bytes)} in all"


def _told() -> Callable[[str, int, int], None]:
    """Progress for people, every two seconds, beside the answer."""
    last = time.monotonic()

    def tell(what: str, done: int, of: int) -> None:
        nonlocal last
        if time.monotonic() - last >= QUIET_FOR:
            last = time.monotonic()
            typer.echo(f"{what}: {amount(done)} of {amount(of)}", err=True)

    return tell

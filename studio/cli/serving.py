"""Serving: open the studio in the browser, for one person or for a team."""

import gc
import os
from pathlib import Path
from typing import Annotated

import typer

from studio.cli.output import Json, verb
from studio.cli.workspace import workspaces_folder
from studio.domain.access import Mode


@verb
def serve_studio(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen on.")] = 7860,
    workspaces: Annotated[Path | None, typer.Option(help="Where everything is kept.")] = None,
    access: Annotated[
        Mode, typer.Option(envvar="STUDIO_ACCESS", help="How people sign in; beyond this machine not local.")
    ] = Mode.LOCAL,
    address: Annotated[
        str, typer.Option(envvar="STUDIO_ADDRESS", help="By which address people come, as https://studio.example.org.")
    ] = "",
    proxy: Annotated[
        str, typer.Option(envvar="STUDIO_PROXY", help="The addresses of reverse proxies that are believed, by commas.")
    ] = "",
    proxy_header: Annotated[
        str, typer.Option(envvar="STUDIO_PROXY_HEADER", help="The header that names the person, with --access proxy.")
    ] = "",
    supervise: Annotated[bool, typer.Option(help="Also start what carries out the jobs.")] = True,
    json: Json = False,
) -> None:
    """Open the studio in the browser."""
    gc.disable()  # until the page is there: all of it stays, and looking for garbage in it takes a fifth of the time
    try:
        from studio.web.access.settings import access_of
        from studio.web.serve import serve  # the other verbs do without Gradio's second and a half

        serve(
            workspaces=(workspaces or workspaces_folder()).resolve(), host=host, port=port,
            access=access_of(access, proxies=proxy, header=proxy_header, addresses=address, environ=os.environ),
            supervise=supervise,
        )  # fmt: skip
    finally:
        gc.enable()

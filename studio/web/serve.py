"""Serve: start the web process on a free port, and the supervisor beside it."""

import gc
import os
import socket
import sys
from pathlib import Path

import uvicorn

from studio.domain.errors import SetupError
from studio.flows import bring
from studio.flows.studio import open_studio
from studio.jobs.supervisor import keep_supervised
from studio.store.workspace import Workspace
from studio.web.app import LOCAL_HOSTS, build_app

LOOPBACK = ("127.0.0.1", "localhost", "::1")


def serve(
    *,
    workspaces: Path,
    host: str = "127.0.0.1",
    port: int = 7860,
    open_to_network: bool = False,
    supervise: bool = True,
) -> None:
    """Run the studio until it is stopped; SetupError in one sentence where it cannot start."""
    if host not in LOOPBACK and not open_to_network:
        raise SetupError(
            f"The studio has no passwords yet, so it does not listen on {host}, where others could reach it.",
            fix="Leave --host out. If everyone there may use it: make run ARGS=--share-on-network.",
        )
    check_port(host, port)
    quiet_libraries()
    studio = open_studio(workspaces, url=os.environ.get("STUDIO_DATABASE"))
    if supervise:
        keep_supervised(Workspace(workspaces))
    bring.forget_uploads(studio)
    hosts = LOCAL_HOSTS if host in LOOPBACK else ("*",)
    app = build_app(studio, hosts=hosts)
    gc.collect()
    gc.freeze()  # the page's own objects stay for good: looking through them for garbage would take 100 ms of a click
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host
    print(f"Assay Studio is open at http://{shown}:{port}  (stop it with Ctrl+C)", flush=True)
    uvicorn.run(app, host=host, port=port, log_level="warning", timeout_graceful_shutdown=2)
    if supervise:
        print("The page is closed. What was started goes on and is there when you open the studio again.", flush=True)


def check_port(host: str, port: int) -> None:
    """SetupError if something else answers on the port already, or if there can be no such port."""
    if not 1 <= port <= 65535:
        raise SetupError(f"There is no port {port}.", fix="Name one from 1 to 65535.")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other = port + 1 if port < 65535 else port - 1
        try:
            probe.bind((host, port))
        except OSError as error:
            raise SetupError(
                f"Port {port} cannot be used: {(error.strerror or 'unknown reason').lower()}.",
                fix=f"Close what uses it, or start with another port: make run PORT={other}.",
            ) from error


def quiet_libraries() -> None:
    """Nothing about a person's work leaves the machine, and nothing is counted that nobody reads."""
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    # After each event Gradio sums up in a table of pandas how long all those before it took, up to 10,000 of them: most
    # of what an event costs once a page has been open for a while.
    os.environ.setdefault("GRADIO_ANALYTICS_MAX_EVENTS", "1")
    os.environ.setdefault("GRADIO_ANALYTICS_CACHE_FREQUENCY", str(sys.maxsize))
    if sys.platform == "linux":
        os.umask(0o077)

"""Serve: start the web process on a free port, and the supervisor beside it."""

import gc
import os
import resource
import socket
import threading
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import uvicorn
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from studio import logs
from studio.domain.access import Mode, Role
from studio.domain.errors import SetupError
from studio.flows import people
from studio.flows.studio import Studio, open_studio
from studio.flows.tidy import keep_tidy
from studio.jobs.presence import serving
from studio.jobs.supervisor import keep_supervised
from studio.store.workspace import Workspace
from studio.web.access.settings import Access
from studio.web.app import build_app
from studio.web.hosts import LOOPBACK
from studio.web.memory import hold_together
from studio.web.prompt import PromptProtocol
from studio.web.quiet import quiet_libraries

# Seconds for which a connection waits for its next request. A page looks every few seconds: with uvicorn's five it
# would often connect anew for a look, or send one just as the connection is being closed.
KEPT_OPEN = 30


def serve(
    *,
    workspaces: Path,
    host: str = "127.0.0.1",
    port: int = 7860,
    access: Access = Access(),  # noqa: B008  a frozen value
    supervise: bool = True,
) -> None:
    """Run the studio until it is stopped; SetupError in one sentence where it cannot start."""
    if host not in LOOPBACK and access.mode is Mode.LOCAL:
        raise SetupError(
            f"On {host} others could reach the studio, and it would not know who they are.",
            fix="Leave --host out, or say how people sign in: --access password.",
        )
    check_port(host, port)
    quiet_libraries()
    allow_open_files()
    hold_together()
    url = os.environ.get("STUDIO_DATABASE")
    studio = open_studio(workspaces, url=url)
    logs.configure("web", file=studio.workspace.log(logs.file_of("web", is_shared=url is not None)))
    if supervise:
        keep_supervised(Workspace(workspaces))
    keep_tidy(studio, threading.Event())
    if host not in LOOPBACK and not access.addresses and not _is_number(host):
        access = replace(access, addresses=(f"http://{host}:{port}",))
    app = behind_proxies(build_app(studio, access=access), access)
    gc.collect()
    gc.freeze()  # the page's own objects stay for good: looking through them for garbage would take 100 ms of a click
    gc.enable()
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104  it is asked for, and not bound
    local = f"http://{f'[{shown}]' if ':' in shown else shown}:{port}"
    print(opening(studio, access, access.addresses[0] if access.addresses else local), flush=True)
    with serving(studio.workspace) as may_serve:
        if not may_serve:
            raise SetupError("This workspace is being restored from a backup.", fix="Wait until that is done.")
        uvicorn.run(
            app,
            host=host,
            port=port,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=2,
            timeout_keep_alive=KEPT_OPEN,
            proxy_headers=False,
            ws="none",
            http=PromptProtocol,
            server_header=False,
        )
    if supervise:
        print("The page is closed. What was started goes on and is there when you open the studio again.", flush=True)


def _is_number(host: str) -> bool:
    try:
        return bool(ip_address(host))
    except ValueError:
        return False


def opening(studio: Studio, access: Access, address: str) -> str:
    """What is said at the start: where the studio is, and how somebody who is not known yet comes in."""
    if access.mode is Mode.LOCAL:
        return (
            f"Assay Studio is open at {address}/open/{people.launch(studio)}  (stop it with Ctrl+C)\n"
            f"A browser that has been here before is known at {address} as well."
        )
    words = f"Assay Studio is open at {address}  (stop it with Ctrl+C)"
    if access.mode is Mode.PASSWORD and (token := people.set_up(studio)):
        words += (
            f"\nNobody has a role yet. Its first owner comes in, once and within a day, at {address}/welcome/{token}"
        )
    if access.mode in (Mode.PROXY, Mode.OIDC) and not people.everybody(studio, access.mode):
        words += _first_owner(access)
    return words


def _first_owner(access: Access) -> str:
    """How somebody becomes the first owner who signs in elsewhere."""
    if access.openid and Role.OWNER in access.openid.rules.groups.values():
        return "\nNobody has a role yet: whoever is in the owners' group at the provider comes in as an owner."
    known_by = access.openid.rules.known_by if access.openid else ""
    written = "NAME as the proxy writes it" if not known_by else f"NAME as the claim {known_by} of the provider has it"
    return f"\nNobody has a role yet: python -m studio people add NAME --access {access.mode}, {written}."


def behind_proxies(app: Any, access: Access) -> Any:
    """The same application; what proxies say of a browser (its address, TLS or not) is believed of these alone."""
    believing = ProxyHeadersMiddleware(app, trusted_hosts=list(access.proxies)) if access.proxies else app

    async def noting(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            scope["peer"] = (scope.get("client") or ("", 0))[0]
        await believing(scope, receive, send)

    return noting


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


def allow_open_files(most: int = 65_536) -> None:
    """Each open page holds a connection or two; the usual limit is meant for programs that talk to nobody."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = most if hard == resource.RLIM_INFINITY else min(hard, most)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))

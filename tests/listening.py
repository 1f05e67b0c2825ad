"""Listening: an application behind a real server on a free port of this machine, for as long as a test needs it."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import uvicorn

PATIENCE = 60  # seconds


@contextmanager
def listening(app: Any, *, on: socket.socket | None = None, **how: Any) -> Iterator[int]:
    """The port, which is that of the socket `on` where there is one; `how` is for uvicorn."""
    with closing(on or free_socket()) as bound:
        server = uvicorn.Server(uvicorn.Config(app, **{"log_level": "error", "ws": "none"} | how))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
        thread.start()
        until = time.monotonic() + PATIENCE
        while not server.started:
            assert thread.is_alive() and time.monotonic() < until, "the server did not start"
            time.sleep(0.01)
        try:
            yield bound.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(timeout=20)


def free_socket() -> socket.socket:
    """A place to listen at, for whoever must know its port before there is an application."""
    bound = socket.socket()
    bound.bind(("127.0.0.1", 0))
    return bound

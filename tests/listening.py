"""Listening: an application behind a real server on a free port of this machine, for as long as a test needs it."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import uvicorn

PATIENCE = 60  # seconds
# A page that is open holds its line for as long as it is answered: like the studio itself, no server waits for that at its end.
HOW = {"log_level": "error", "ws": "none", "timeout_graceful_shutdown": 1}


@contextmanager
def listening(app: Any, *, on: socket.socket | None = None, **how: Any) -> Iterator[int]:
    """The port, which is that of the socket `on` where there is one; `how` is for uvicorn."""
    with closing(on or free_socket()) as bound:
        server = uvicorn.Server(uvicorn.Config(app, **HOW | how))
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
            assert not thread.is_alive(), "the server did not end"


def free_socket() -> socket.socket:
    """A place to listen at, for whoever must know its port before there is an application."""
    bound = socket.socket()
    bound.bind(("127.0.0.1", 0))
    return bound

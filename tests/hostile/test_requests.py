"""Hostile bytes on a connection: answered in words or closed, and everybody else is answered meanwhile."""

import time

import pytest

from tests.hostile.requests import CASES, Request
from tests.hostile.serving import PATIENCE, Server


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_hostile_bytes_are_answered_in_words_or_closed(case: Request, server: Server) -> None:
    status, came = server.answer(server.addressed(case.raw))

    assert status in case.statuses, came[:500]
    for word in (b"Traceback", b"site-packages", b"root:x:", b"evil.example\r\n"):
        assert word not in came
    assert b"access-control-allow-origin" not in came.lower()


def test_everybody_else_is_answered_meanwhile_and_afterwards(server: Server) -> None:
    """With 200 connections that say half a word and keep silent."""
    silent = [server.line(PATIENCE) for _ in range(200)]
    try:
        for each in silent:
            each.sendall(b"GET / HTTP/1.1\r\nHost: ")
        began = time.monotonic()
        with server.browser(PATIENCE) as client:
            assert client.get("/healthz").json() == {"status": "ok"}
            assert client.get("/config").status_code == 200
        assert time.monotonic() - began < 5
    finally:
        for each in silent:
            each.close()

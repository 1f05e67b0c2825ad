"""A process is known by more than its number, and nobody else's process is ever ended."""

import subprocess
import sys
from dataclasses import replace

import pytest

from studio.jobs.process import Identity, end_leftover, identity_of, is_alive


@pytest.fixture
def sleeper():
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True) as process:
        yield process
        process.kill()


def test_a_process_is_itself(sleeper):
    identity = identity_of(sleeper.pid)
    assert identity and identity == identity_of(sleeper.pid)
    assert is_alive(identity)


def test_an_ended_process_is_not_alive_even_before_it_is_reaped(sleeper, eventually):
    identity = identity_of(sleeper.pid)
    sleeper.kill()
    eventually(lambda: not is_alive(identity), seconds=5)


def test_another_process_with_the_same_number_is_left_alone(sleeper):
    identity = identity_of(sleeper.pid)
    assert identity
    for stranger in (replace(identity, started="an-earlier-boot:1"), replace(identity, started=identity.started + "0")):
        assert end_leftover(stranger)
    assert sleeper.poll() is None


def test_a_leftover_is_ended(sleeper):
    identity = identity_of(sleeper.pid)
    assert identity and end_leftover(identity)
    assert sleeper.wait(5) == -9


def test_a_number_that_nobody_has_is_nobody():
    assert identity_of(999_999_999) is None
    assert not is_alive(Identity(999_999_999, "boot:1"))

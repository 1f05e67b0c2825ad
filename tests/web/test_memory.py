"""The threads of the web process share their memory."""

import platform
import subprocess
import sys
from pathlib import Path

import pytest

MANY = """
import ctypes, sys, threading
from studio.web.memory import hold_together
assert sys.argv[1] == "apart" or hold_together()
met, kept = threading.Barrier(8), []
def work():
    met.wait()
    kept.extend(bytes(10_000) for _ in range(200))
    met.wait()
threads = [threading.Thread(target=work) for _ in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
library = ctypes.CDLL(None)
library.fdopen.restype = ctypes.c_void_p
library.malloc_info(0, stream := ctypes.c_void_p(library.fdopen(1, b"w")))
library.fflush(stream)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library has no such parts")
@pytest.mark.parametrize(("way", "parts"), [("apart", range(3, 100)), ("together", range(1, 3))])
def test_memory_is_not_kept_for_each_thread(root: Path, way: str, parts: range):
    command = [sys.executable, "-c", MANY, way]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.count("<heap nr=") in parts, done.stdout

"""GGUF: turn a merged folder into one file, by the converter of llama.cpp."""

import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from studio.domain.errors import ExportError

LIMIT = 2 * 3600.0  # seconds
LOOK_EVERY = 0.2
MAGIC = b"GGUF"
ADVICE = "Deliver the whole model as it is. All that the converter said is in the log.txt of this job."
# What the converter says where it gives up, in words; `{0}` is what it names.
REFUSALS = {
    r"pre-tokenizer was not recognized": (
        "llama.cpp does not know the way in which this model's tokenizer splits text.",
        "Deliver the whole model as it is: it runs without llama.cpp. A newer llama.cpp may know it.",
    ),
    r"Model (\S+) is not supported": (
        "This llama.cpp does not know models of the kind {0}.",
        "Deliver the whole model as it is, or get a newer llama.cpp.",
    ),
    r"No module named '([\w.]+)'": (
        "llama.cpp's converter needs {0}, which is not installed here.",
        "Run " + sys.executable + " -m pip install {0} in a terminal and deliver it again.",
    ),
}


class Cancelled(Exception):
    """People want the delivery no more."""


def convert(folder: Path, *, name: str, converter: Path, should_stop: Callable[[], bool], limit: float = LIMIT) -> None:
    """Replace the model in `folder` by one GGUF file; what the converter says goes into this process's log."""
    out = folder / f"{name}.gguf"
    log = folder / "converter.log"
    through = [sys.executable, "-m", "studio.engine.converting", str(converter)]
    command = [*through, str(folder), "--outfile", str(out), "--outtype", "auto", "--model-name", name]
    with log.open("wb") as said:
        status = _watched(subprocess.Popen(command, stdout=said, stderr=said), should_stop, limit)
    words = log.read_text(encoding="utf-8", errors="replace")
    print(words, file=sys.stderr)
    if status != 0:
        raise _refusal(words)
    if not out.is_file() or _beginning(out) != MAGIC:
        raise ExportError("llama.cpp's converter wrote no GGUF file.", fix=ADVICE)
    for path in folder.iterdir():
        if path != out:
            path.unlink()


def _refusal(words: str) -> ExportError:
    """Why the converter gave up: in our words where they are known, else in its last ones."""
    for pattern, (what, fix) in REFUSALS.items():
        if found := re.search(pattern, words):
            return ExportError(what.format(*found.groups()), fix=fix.format(*found.groups()))
    last = next((line.strip() for line in reversed(words.splitlines()) if line.strip()), "it said nothing")
    return ExportError(f"llama.cpp's converter could not convert this model: {last[:300]}.", fix=ADVICE)


def _watched(process: subprocess.Popen[bytes], should_stop: Callable[[], bool], limit: float) -> int:
    """The exit status; a converter that takes too long, or that nobody waits for any more, is ended."""
    deadline = time.monotonic() + limit
    while True:
        try:
            return process.wait(LOOK_EVERY)
        except subprocess.TimeoutExpired:
            stopping = should_stop()
            if not stopping and time.monotonic() < deadline:
                continue
            process.kill()
            process.wait()
            if stopping:
                raise Cancelled from None
            raise ExportError(
                f"llama.cpp's converter was not done after {limit / 3600:.0f} hours and was ended.", fix=ADVICE
            ) from None


def _beginning(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(len(MAGIC))

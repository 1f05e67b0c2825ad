"""Several: one worker process that carries out several attempts one after the other, and notes what each took.

python several.py FOLDER …
"""

import json
import sys
import time
from pathlib import Path

from studio.worker import attempt


def main(folders: list[str]) -> None:
    for folder in map(Path, folders):
        before, began = reset_peak(), time.process_time()
        attempt(folder)
        took = {"megabytes": (memory("VmHWM") - before) / 1024, "seconds": time.process_time() - began}
        (folder / "took.json").write_text(json.dumps(took))


def reset_peak() -> int:
    """Forget the peak of the memory so far (Linux); the memory in use now, in kB."""
    Path("/proc/self/clear_refs").write_text("5")
    return memory("VmRSS")


def memory(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name))


if __name__ == "__main__":
    main(sys.argv[1:])

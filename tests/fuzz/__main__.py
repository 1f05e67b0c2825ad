"""Fuzz: bytes that nobody thought of, bred by the branches that they reach (libFuzzer, by way of Atheris).

    python -m tests.fuzz [TARGET …] [--seconds 60]

What breaks a promise of tests/fuzz/targets.py is kept in tests/fuzz/findings/TARGET/ and ends that target; the ordinary
tests feed every finding again. What was bred stays in build/fuzz/ for the next time.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
BRED = ROOT / "build" / "fuzz"
NAMES = ("rows", "line", "recipe", "model", "events", "votes")
SLOWEST = 10  # seconds for one input
MOST_MEMORY = 1500  # MB
COVERED, FED = re.compile(r"\bcov: (\d+)"), re.compile(r"fed for ([0-9.]+) s: (\d+) inputs")


def main() -> int:
    parser = argparse.ArgumentParser(description="Feed readers and checkers with bytes bred by coverage.")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"one of {', '.join(NAMES)}; all if left out")
    parser.add_argument("--seconds", type=int, default=60, help="of processor time for each target")
    parser.add_argument("--feed", action="store_true", help=argparse.SUPPRESS)  # the process that is fed
    asked = parser.parse_args()
    if unknown := set(asked.targets) - set(NAMES):
        parser.error(f"there is no target {', '.join(sorted(unknown))}")
    if asked.feed:
        feed(asked.targets[0], asked.seconds)
    print("target      seconds    inputs  a second  branches: first, last  found", flush=True)
    return max([bred(name, asked.seconds) for name in asked.targets or NAMES])


def bred(name: str, seconds: int) -> int:
    """Feed one target in a process of its own; 0 when every promise held."""
    command = [sys.executable, "-m", "tests.fuzz", name, "--feed", "--seconds", str(seconds)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    said = done.stdout.decode("utf-8", "replace")
    branches = [int(found) for found in COVERED.findall(said)] or [0]
    took, inputs = [float(found) for found in (FED.findall(said) or [("nan", "nan")])[-1]]
    found = "nothing" if done.returncode == 0 else f"see {HERE.relative_to(ROOT)}/findings/{name}"
    rate = f"{took:>10,.0f} {inputs:>9,.0f} {inputs / took:>9,.0f}"
    print(f"{name:<8} {rate}  {branches[0]:>15,}, {branches[-1]:<6,} {found}", flush=True)
    if done.returncode:
        print(said[-4000:], flush=True)
    return int(done.returncode != 0)


def feed(name: str, seconds: int) -> None:
    """Never returns: libFuzzer ends the process."""
    import atheris

    with atheris.instrument_imports(include=["studio.data", "studio.recipes", "studio.jobs.spool", "studio.flows.choose",
                                             "studio.domain", "studio.engine.load", "studio.cli.study", "yaml"]):  # fmt: skip
        from tests.fuzz.targets import TARGETS
    target = TARGETS[name]
    corpus, kept = BRED / name, HERE / "findings" / name
    for folder in (corpus, kept):
        folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(target.seeds()):
        (corpus / f"seed-{number}").write_bytes(seed)
    stack = ExitStack()
    shared = Path("/dev/shm")
    root = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=shared if shared.is_dir() else None)))

    began, fed = time.process_time(), 0

    def one(raw: bytes) -> None:
        nonlocal fed
        fed += 1
        took = time.process_time() - began
        if fed % 256 == 0 or took > seconds:
            print(f"fed for {took:.1f} s: {fed} inputs", flush=True)
        if took > seconds:
            stack.close()
            os._exit(0)  # libFuzzer itself looks at the clock on the wall alone
        with tempfile.TemporaryDirectory(dir=root) as folder:
            target.feed(raw, Path(folder))

    options = {
        "max_len": target.longest, "timeout": SLOWEST, "rss_limit_mb": MOST_MEMORY, "artifact_prefix": f"{kept}/",
    }  # fmt: skip
    atheris.Setup([sys.argv[0], *(f"-{key}={value}" for key, value in options.items()), str(corpus), str(kept)], one)
    atheris.Fuzz()


if __name__ == "__main__":
    sys.exit(main())

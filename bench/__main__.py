"""All benchmarks, one after the other: what the default recipe teaches, how fast we train, and how safe peeking is."""

import subprocess
import sys

PARTS = (("bench.training", "quality"), ("bench.training", "speed"), ("bench.verdicts",))


def main() -> int:
    """Run every part in a process of its own, so that none warms up another; the exit status is the worst."""
    worst = 0
    for module, *arguments in PARTS:
        print(f"\n== {' '.join([module, *arguments])}", flush=True)
        worst = max(worst, subprocess.run([sys.executable, "-m", module, *arguments], check=False).returncode)
    return worst


if __name__ == "__main__":
    sys.exit(main())

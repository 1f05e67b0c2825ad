"""Ask whether a flaw is known in what the locks install: python scripts/audit.py [--must].

pip-audit asks PyPI. Without a way there, that is said in one line and nothing fails; with --must that is a failure.
By itself pip-audit takes a package that it could not ask about for one without a flaw.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LOCKS = ("requirements.lock", "requirements-dev.lock")
# Flaws that do not concern the studio, each with the reason.
LEFT_OUT: dict[str, str] = {}
PATIENCE = 300  # seconds

Ask = Callable[[Sequence[str]], list[dict[str, Any]]]


class UnaskedError(Exception):
    """Nobody answered."""


def main(arguments: Sequence[str], *, ask: Ask | None = None, root: Path = ROOT) -> int:
    """0 where no flaw is known, or, without --must, where nobody could say."""
    ask = ask or by_pip_audit
    pins = [line for name in LOCKS for line in (root / name).read_text().splitlines() if "==" in line]
    try:
        if "skip_reason" in ask(pins[:1])[0]:  # one that is sure to be there tells whether anybody answers
            raise UnaskedError("PyPI tells nothing here")
        told = ask(pins)
    except UnaskedError as error:
        print(f"What is installed was not checked for known flaws: {error}.")
        return int("--must" in arguments)
    flaws = [(each, flaw) for each in told for flaw in each.get("vulns", ()) if flaw["id"] not in LEFT_OUT]
    for each, flaw in flaws:
        better = f"mended in {', '.join(flaw['fix_versions'])}" if flaw.get("fix_versions") else "not mended yet"
        print(f"{each['name']} {each['version']} has a known flaw, {flaw['id']}: {better}.")
    unasked = sorted(each["name"] for each in told if "skip_reason" in each)
    if unasked:
        print(f"Nobody could say whether a flaw is known in {', '.join(unasked)}.")
    if not flaws and not unasked:
        print(f"No flaw is known in the {len(told)} packages of the locks.")
    return int(bool(flaws) or (bool(unasked) and "--must" in arguments))


def by_pip_audit(pins: Sequence[str]) -> list[dict[str, Any]]:
    """What pip-audit says of each package; UnaskedError where it gets no answer."""
    with tempfile.TemporaryDirectory() as folder:
        listed, out = Path(folder) / "requirements.txt", Path(folder) / "audit.json"
        listed.write_text("\n".join(pins))
        command = [
            sys.executable, "-m", "pip_audit", "--requirement", str(listed), "--no-deps", "--disable-pip",
            "--progress-spinner", "off", "--format", "json", "--output", str(out),
        ]  # fmt: skip
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
        except subprocess.TimeoutExpired as error:
            raise UnaskedError(f"no answer in {PATIENCE} s") from error
        try:
            return json.loads(out.read_text())["dependencies"]
        except (OSError, ValueError) as error:
            why = next((line for line in reversed(done.stderr.splitlines()) if line.strip()), "pip-audit is not there")
            raise UnaskedError(why[:200].rstrip(".")) from error


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

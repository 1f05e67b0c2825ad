"""Write requirements.lock and requirements-dev.lock: the exact versions installed here, for what pyproject.toml asks.

Run by `make lock` in a fresh environment. Why there are no hashes, local builds or CUDA packages in the locks:
docs/decisions/0005-a-lock-without-hashes.md.
"""

import re
import tomllib
from importlib.metadata import distribution
from pathlib import Path

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent
PYTHONS = ("3.11", "3.12", "3.13", "3.14")

# Wanted by another Python than the one that writes the lock; a new one stops the script, to be looked up by hand.
ELSEWHERE = {
    "audioop-lts": 'audioop-lts==0.2.2 ; python_version >= "3.13"',
    "fasttext-predict-v2": 'fasttext-predict-v2==1.1.0 ; python_version >= "3.14"',
}

# torch's wheel names these itself, for the machine that it was built for.
BROUGHT_BY_TORCH = re.compile(r"(nvidia-(?!ml-py)|cuda-|triton)")

RUN = "# The exact versions that the studio runs on. Written by `make lock`; `make setup` installs it."
DEV = "# The same, and what checks and tests need. Written by `make lock`; `make test` installs it."


def main() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    run = pins(project["dependencies"])
    dev = pins([*project["dependencies"], *project["optional-dependencies"]["dev"]])
    more = [pin for pin in dev if pin not in run]
    (ROOT / "requirements.lock").write_text("\n".join([RUN, *run, ""]))
    (ROOT / "requirements-dev.lock").write_text("\n".join([DEV, "-r requirements.lock", *more, ""]))


def pins(asked: list[str]) -> list[str]:
    """One `name==version` per package that `asked` needs, directly or not, sorted by name."""
    found: dict[str, str] = {}
    elsewhere: set[str] = set()
    seen: set[tuple[str, str]] = set()
    waiting = [(Requirement(text), "") for text in asked]
    while waiting:
        requirement, of_extra = waiting.pop()
        name = canonicalize_name(requirement.name)
        if BROUGHT_BY_TORCH.match(name):
            continue
        if not applies_here(requirement, of_extra):
            if applies_elsewhere(requirement, of_extra):
                elsewhere.add(name)
            continue
        package = distribution(name)
        found[name] = f"{name}=={Version(package.version).public}"
        for extra in {"", *requirement.extras}:
            if (name, extra) not in seen:
                seen.add((name, extra))
                waiting += [(Requirement(text), extra) for text in package.requires or []]
    found |= {name: ELSEWHERE[name] for name in elsewhere - found.keys()}
    return [found[name] for name in sorted(found)]


def applies_here(requirement: Requirement, extra: str) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": extra})


def applies_elsewhere(requirement: Requirement, extra: str) -> bool:
    """Whether another Python that the studio supports, on the same system, needs what this one does not."""
    marker = requirement.marker
    if marker is None:
        return False
    system = {**default_environment(), "extra": extra}
    pythons = [{"python_version": python, "python_full_version": f"{python}.0"} for python in PYTHONS]
    return any(marker.evaluate({**system, **python}) for python in pythons)


if __name__ == "__main__":
    main()

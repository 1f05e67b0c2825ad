"""The Dockerfile makes an image that starts: read step by step, for want of an engine to build it with."""

import ast
import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement


def steps(root: Path) -> list[tuple[str, str]]:
    """The Dockerfile's instructions with their arguments, continued lines joined, comments left out."""
    text = "\n".join(line for line in (root / "Dockerfile").read_text().splitlines() if not line.startswith("#"))
    lines = [" ".join(line.split()) for line in text.replace("\\\n", " ").splitlines() if line.strip()]
    return [(line.partition(" ")[0], line.partition(" ")[2]) for line in lines]


def copies(root: Path) -> list[tuple[list[str], str]]:
    return [(words[:-1], words[-1]) for words in (rest.split() for kind, rest in steps(root) if kind == "COPY")]


def copy_as_the_image_does(root: Path, image: Path) -> None:
    for sources, target in copies(root):
        for source in sources:
            if (root / source).is_dir():
                # With what is compiled already, which counts for nothing without its source.
                shutil.copytree(root / source, image / target, ignore=shutil.ignore_patterns("*.pyc.*"))
            else:
                (image / target).mkdir(parents=True, exist_ok=True)
                shutil.copy(root / source, image / target)


def test_the_image_runs_as_a_user_who_owns_the_one_volume(root: Path) -> None:
    kinds = [kind for kind, _ in steps(root)]
    arguments = dict(steps(root))
    assert arguments["USER"] not in ("root", "0")
    assert kinds.count("VOLUME") == 1
    assert arguments["VOLUME"] == "/app/workspaces"
    owner = next(i for i, (kind, rest) in enumerate(steps(root)) if kind == "RUN" and "chown" in rest)
    assert owner < kinds.index("USER") < kinds.index("VOLUME")


def test_the_image_is_built_on_a_python_that_the_project_supports(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    base = next(rest for kind, rest in steps(root) if kind == "FROM")
    python = re.fullmatch(r"python:(\d+\.\d+)-slim-\w+", base)
    assert python
    assert Requirement(f"python{project['requires-python']}").specifier.contains(python[1])


def test_all_that_the_image_copies_is_there_and_let_in(root: Path) -> None:
    let_in = {line[1:] for line in (root / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    for sources, _ in copies(root):
        for source in sources:
            assert (root / source).exists(), source
            assert source.rstrip("/") in let_in, source


LARGE = ("torch", "transformers", "trl", "peft", "bitsandbytes", "sklearn")
START = f"""
import json, sys
sys.path.insert(0, sys.argv[1])
def loaded(): return [name for name in {LARGE!r} if name in sys.modules]
import app, studio
first = loaded()
from pathlib import Path
from studio.flows.studio import open_studio
from studio.flows import bring
import studio.web.serve
from studio.web.app import build_app
opened = open_studio(Path("workspaces"))
samples = len(bring.samples(opened))
build_app(opened)
print(json.dumps(dict(studio=studio.__file__, samples=samples, by_app=first, by_pages=loaded())))
"""


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the image copies, in a folder."""
    folder = tmp_path_factory.mktemp("image")
    copy_as_the_image_does(Path(__file__).resolve().parent.parent, folder)
    (folder / "workspaces").mkdir()
    return folder


@pytest.fixture(scope="module")
def started(image: Path) -> dict[str, Any]:
    """What a web process with all its pages, made from that copy alone, says of itself."""
    command = [sys.executable, "-c", START, str(image)]
    done = subprocess.run(command, cwd=image, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_image_holds_all_that_the_studio_needs_to_start(image: Path, started: dict[str, Any]) -> None:
    assert started["studio"].startswith(str(image))
    assert started["samples"], "the samples are missing"


def test_starting_the_studio_does_not_import_torch(started: dict[str, Any]) -> None:
    assert "torch" not in started["by_app"]


def test_the_web_process_with_all_its_pages_does_not_import_torch(started: dict[str, Any]) -> None:
    assert started["by_pages"] == []


def test_the_image_starts_and_checks_the_port_that_it_opens(root: Path) -> None:
    arguments = dict(steps(root))
    port = arguments["EXPOSE"]
    command = json.loads(arguments["CMD"])
    assert command[:2] == ["python", "app.py"]
    assert command[command.index("--port") + 1] == port
    assert command[command.index("--host") + 1] == "0.0.0.0"
    check = json.loads(arguments["HEALTHCHECK"].partition(" CMD ")[2])
    assert check[:2] == ["python", "-c"]
    assert f"http://127.0.0.1:{port}/healthz" in check[2]
    ast.parse(check[2])


def test_the_command_of_the_image_is_one_that_the_studio_knows(root: Path) -> None:
    """With one option more, which ends it before anything starts: the first that is unknown is the one that is named."""
    command = [sys.executable, *json.loads(dict(steps(root))["CMD"])[1:], "--nonsense"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "nonsense" in done.stderr

"""The project keeps its own rules: who imports whom, and what is installed."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import version as installed_version
from pathlib import Path

import pytest
from importlinter.application.use_cases import lint_imports
from importlinter.configuration import configure
from packaging.requirements import Requirement
from packaging.version import Version

CONTRACTS = ("layers", "gradio", "torch", "transformers", "scikit-learn", "sql", "worker", "tabs")


def locked(path: Path) -> dict[str, Requirement]:
    lines = [line.partition("#")[0].strip() for line in path.read_text().splitlines()]
    pins = [Requirement(line) for line in lines if line and not line.startswith("-r")]
    return {pin.name.lower(): pin for pin in pins}


# Imports


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is read of each module, for the contracts after the first."""
    return tmp_path_factory.mktemp("imports")


@pytest.mark.parametrize("contract", CONTRACTS)
def test_imports_keep_to_the_layers(
    contract: str, root: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    configure()
    monkeypatch.chdir(root)
    monkeypatch.syspath_prepend(str(root))
    kept = lint_imports(limit_to_contracts=(contract,), cache_dir=str(cache), no_logo=True)
    assert kept, capsys.readouterr().out


def test_every_import_contract_is_checked_here(root: Path) -> None:
    contracts = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    assert tuple(contract["id"] for contract in contracts) == CONTRACTS


def test_the_domain_needs_only_the_standard_library_pydantic_and_numpy(root: Path) -> None:
    """numpy is for the order of batches alone, which plans and trainers share (docs/decisions/0020)."""
    allowed = sys.stdlib_module_names | {"pydantic", "numpy", "studio"}
    for path in (root / "studio" / "domain").glob("*.py"):
        assert imported_by(path) <= allowed, path


def imported_by(path: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(path.read_text())))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    from_ = {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}
    return {name.partition(".")[0] for name in plain | from_}


# Locks


def test_the_locks_name_exact_versions_and_no_local_build(root: Path) -> None:
    for name, pin in (locked(root / "requirements.lock") | locked(root / "requirements-dev.lock")).items():
        (exact,) = pin.specifier
        assert exact.operator == "==", name
        assert Version(exact.version).local is None, name
        assert pin.url is None, name


def test_the_locks_leave_the_packages_of_cuda_to_torch(root: Path) -> None:
    names = locked(root / "requirements.lock") | locked(root / "requirements-dev.lock")
    assert not [name for name in names if re.match(r"nvidia-(?!ml-py)|cuda-|triton|uv$|kernels$", name)]


@pytest.mark.parametrize("extra", ["", "dev", "postgres", "meaning", "overlap"])
def test_everything_the_project_asks_for_is_locked_within_its_range(extra: str, root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    pins = locked(root / "requirements.lock")
    if extra:
        pins |= locked(root / "requirements-dev.lock")
    for text in project["optional-dependencies"][extra] if extra else project["dependencies"]:
        asked = Requirement(text)
        (exact,) = pins[asked.name.lower()].specifier
        assert asked.specifier.contains(exact.version), text


def test_what_runs_here_is_what_the_locks_say(root: Path) -> None:
    for name, pin in (locked(root / "requirements.lock") | locked(root / "requirements-dev.lock")).items():
        if pin.marker is None or pin.marker.evaluate():
            assert pin.specifier.contains(installed_version(name), prereleases=True), name


# The Makefile


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make here")
def test_make_alone_lists_what_it_can_do(root: Path) -> None:
    done = subprocess.run(["make", "-C", str(root), "--no-print-directory"], capture_output=True, text=True, check=True)
    for target in ("setup", "run", "test", "check", "e2e", "bench", "clean"):
        assert re.search(rf"^  {target} ", done.stdout, re.MULTILINE), target


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make here")
def test_make_keeps_what_python_compiles_also_where_the_surroundings_would_not(root: Path) -> None:
    command = ["make", "-C", str(root), "--no-print-directory", "--eval=shown: ; @env", "shown"]
    surroundings = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, env=surroundings, capture_output=True, text=True, check=True)
    assert "PATH=" in done.stdout and "PYTHONDONTWRITEBYTECODE" not in done.stdout


def test_ci_runs_what_everyone_runs(root: Path) -> None:
    script = root / ".ci" / "run"
    assert script.read_text().splitlines()[-1] == "make test"
    assert script.stat().st_mode & 0o111

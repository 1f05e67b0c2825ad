"""Setting up: quick when nothing changed, and one sentence for whatever is in the way.

Each test runs the real script, in a folder of its own, with a lock that asks for nothing.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

TOOLS = ("sh", "awk", "cat", "cksum", "dirname", "grep", "head", "mkdir", "rm", "sed", "tail", "tee", "uname")
NOBODY = 65534


def new_checkout(folder: Path, root: Path) -> Path:
    """A folder with the script and an empty lock: all that setting up reads."""
    (folder / "scripts").mkdir(parents=True)
    shutil.copy(root / "scripts" / "setup.sh", folder / "scripts")
    for lock in ("requirements.lock", "requirements-dev.lock"):
        (folder / lock).write_text("# nothing yet\n")
    return folder


def set_up(checkout: Path, *, kind: str = "run", **settings: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHON": sys.executable, **settings}
    command = ["sh", str(checkout / "scripts" / "setup.sh"), kind]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=200, check=False)


def only_sentence(done: subprocess.CompletedProcess[str]) -> str:
    """What a refusal says: one line, and no Python or shell error beside it."""
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    return line


def path_with(folder: Path, **programs: str) -> str:
    """A PATH on which there are the ordinary tools and these programs, and no other Python."""
    folder.mkdir()
    for tool in TOOLS:
        found = shutil.which(tool)
        assert found, tool
        (folder / tool).symlink_to(found)
    for name, script in programs.items():
        (folder / name).write_text(script)
        (folder / name).chmod(0o755)
    return str(folder)


@pytest.fixture
def checkout(tmp_path: Path, root: Path) -> Path:
    return new_checkout(tmp_path / "studio of ours", root)


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout that is set up already, in a folder with a space in its name."""
    root = Path(__file__).resolve().parent.parent
    checkout = new_checkout(tmp_path_factory.mktemp("set up") / "studio", root)
    done = set_up(checkout)
    assert done.returncode == 0, done.stderr
    return checkout


@pytest.fixture(scope="module")
def copying(ready: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """This Python, which copies the first environment where it is to make another: making one takes four seconds."""
    folder = tmp_path_factory.mktemp("copying")
    shutil.copytree(ready / ".venv", folder / "made", symlinks=True)
    cp, rm = shutil.which("cp"), shutil.which("rm")
    script = f"""#!/bin/sh
if [ "$1 $2 $3" = "-m venv --clear" ]; then {rm} -rf "$4"; exec {cp} -a "{folder}/made" "$4"; fi
exec "{sys.executable}" "$@"
"""
    (folder / "python3.12").write_text(script)
    (folder / "python3.12").chmod(0o755)
    return str(folder / "python3.12")


def test_the_first_time_makes_an_environment_that_finds_the_studio_from_anywhere(ready: Path, tmp_path: Path) -> None:
    (ready / "app.py").write_text("")
    command = [str(ready / ".venv" / "bin" / "python"), "-c", "import app; print(app.__file__)"]
    found = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert Path(found.strip()) == ready / "app.py"


def test_the_second_time_does_nothing(ready: Path) -> None:
    before = (ready / ".venv" / ".ready-run").stat()
    done = set_up(ready)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (ready / ".venv" / ".ready-run").stat().st_mtime_ns == before.st_mtime_ns


def test_a_changed_lock_is_installed_into_the_same_environment(ready: Path) -> None:
    made = (ready / ".venv" / "pyvenv.cfg").stat().st_mtime_ns
    (ready / "requirements.lock").write_text("# nothing still\n")
    done = set_up(ready)
    assert done.returncode == 0, done.stderr
    assert "Installing" in done.stdout
    assert (ready / ".venv" / "pyvenv.cfg").stat().st_mtime_ns == made
    assert set_up(ready).stdout == ""


@dataclass(frozen=True)
class Afresh:
    """A checkout that was set up where python3 is too old and python3.12 is beside it, with two packages to install."""

    checkout: Path
    done: subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def afresh(tmp_path_factory: pytest.TempPathFactory, copying: str) -> Afresh:
    folder = tmp_path_factory.mktemp("afresh")
    checkout = new_checkout(folder / "studio of ours", Path(__file__).resolve().parent.parent)
    for name in ("one", "two", "besides"):
        write_wheel(folder, name, needs="besides" if name == "two" else "")
    (checkout / "requirements.lock").write_text("one==1.0\ntwo==1.0\n")
    newer = Path(copying).read_text()
    path = path_with(folder / "bin", python3="#!/bin/sh\necho 3.9\n", **{"python3.12": newer})
    only_these = {"PIP_FIND_LINKS": str(folder), "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull}
    return Afresh(checkout, set_up(checkout, PYTHON="", PATH=path, **only_these))


def test_what_the_packages_of_the_lock_need_besides_comes_as_well(afresh: Afresh, tmp_path: Path) -> None:
    assert (afresh.done.returncode, afresh.done.stderr) == (0, "")
    command = [str(afresh.checkout / ".venv" / "bin" / "python"), "-c", "import one, two, besides"]
    subprocess.run(command, cwd=tmp_path, check=True)


def test_a_newer_python_beside_a_too_old_one_is_taken(afresh: Afresh) -> None:
    assert afresh.done.returncode == 0, afresh.done.stderr
    assert "with python3.12" in afresh.done.stdout


def write_wheel(folder: Path, name: str, *, needs: str) -> None:
    """A package of one empty module."""
    about = f"{name}-1.0.dist-info"
    said = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n" + (f"Requires-Dist: {needs}\n" if needs else "")
    files = {
        f"{name}.py": "",
        f"{about}/METADATA": said,
        f"{about}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as wheel:
        for path, content in files.items():
            wheel.writestr(path, content)
        wheel.writestr(f"{about}/RECORD", "".join(f"{path},,\n" for path in [*files, f"{about}/RECORD"]))


def test_checks_and_tests_ask_for_their_own_packages_once(ready: Path) -> None:
    assert "Installing" in set_up(ready, kind="dev").stdout
    assert set_up(ready, kind="dev").stdout == ""
    assert set_up(ready, kind="run").stdout == ""


def test_an_environment_whose_python_is_gone_is_made_anew(ready: Path, copying: str) -> None:
    python = ready / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to("/nowhere/python3")
    done = set_up(ready, PYTHON=copying)
    assert done.returncode == 0, done.stderr
    assert "Making .venv" in done.stdout
    assert subprocess.run([str(python), "--version"], check=True, capture_output=True).returncode == 0


def test_a_too_old_python_is_named_with_what_to_do(checkout: Path, tmp_path: Path) -> None:
    path = path_with(tmp_path / "bin", python3="#!/bin/sh\necho 3.9\n")
    said = only_sentence(set_up(checkout, PYTHON="", PATH=path))
    assert said.startswith("Assay Studio needs Python 3.11 or newer; this is 3.9. Install a newer one")


def test_no_python_at_all_is_told(checkout: Path, tmp_path: Path) -> None:
    said = only_sentence(set_up(checkout, PYTHON="", PATH=path_with(tmp_path / "bin")))
    assert "there is no python3 here" in said


def test_a_python_without_its_venv_module_is_told_with_the_package_to_install(checkout: Path, tmp_path: Path) -> None:
    # Debian's python3 without python3-venv: everything but ensurepip is there.
    (tmp_path / "debian").mkdir()
    (tmp_path / "debian" / "ensurepip.py").write_text("raise ModuleNotFoundError('No module named ensurepip')\n")
    bare = f'#!/bin/sh\nPYTHONPATH="{tmp_path}/debian" exec "{sys.executable}" "$@"\n'
    said = only_sentence(set_up(checkout, PYTHON="", PATH=path_with(tmp_path / "bin", python3=bare)))
    assert "sudo apt install python3-venv" in said
    assert not (checkout / ".venv" / "bin").exists()


@pytest.fixture
def read_only_checkout(root: Path) -> Iterator[Path]:
    """A checkout that everyone may read and nobody but its owner may write."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    checkout = new_checkout(folder / "studio", root)
    checkout.chmod(0o555)
    yield checkout
    checkout.chmod(0o755)
    shutil.rmtree(folder)


def test_a_folder_that_cannot_be_written_is_told(read_only_checkout: Path) -> None:
    other = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
    command = ["sh", str(read_only_checkout / "scripts" / "setup.sh"), "run"]
    done = subprocess.run(command, cwd="/", capture_output=True, text=True, check=False, **other)
    assert only_sentence(done).startswith(f"Assay Studio cannot write in {read_only_checkout}.")
    assert not (read_only_checkout / ".venv").exists()


def test_a_network_that_is_away_is_told(ready: Path) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # bound and never listening: every connection is refused
        (ready / "requirements.lock").write_text("a-package-that-is-not-here==1.0\n")
        done = set_up(
            ready, PIP_INDEX_URL=f"http://127.0.0.1:{held.getsockname()[1]}/simple", PIP_RETRIES="1",
            PIP_CONFIG_FILE=os.devnull, PIP_FIND_LINKS="", PIP_EXTRA_INDEX_URL="", PIP_NO_CACHE_DIR="1",
        )  # fmt: skip
    assert only_sentence(done).startswith("The packages could not be downloaded because pip got no connection.")
    assert not (ready / ".venv" / ".ready-run").exists()


def test_a_package_that_has_no_build_for_this_machine_is_named(ready: Path, tmp_path: Path) -> None:
    (tmp_path / "a-package-that-is-not-here").mkdir()
    (ready / "requirements.lock").write_text("a-package-that-is-not-here==1.0\n")
    done = set_up(
        ready, PIP_INDEX_URL=tmp_path.as_uri(), PIP_CONFIG_FILE=os.devnull, PIP_FIND_LINKS="", PIP_EXTRA_INDEX_URL=""
    )
    assert only_sentence(done).startswith("There is no build of a-package-that-is-not-here==1.0 for Python 3.")


def test_an_environment_that_belongs_to_another_folder_is_used_and_never_emptied(ready: Path, tmp_path: Path) -> None:
    other = new_checkout(tmp_path / "other", Path(__file__).resolve().parent.parent)
    (other / ".venv").symlink_to(ready / ".venv")
    before = (ready / ".venv" / "pyvenv.cfg").stat()
    done = set_up(other)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"Using the environment of {ready}, which .venv leads to, as it is.\n"
    assert (ready / ".venv" / "pyvenv.cfg").stat().st_ino == before.st_ino


def test_a_studio_that_was_moved_is_set_up_in_its_new_place(ready: Path, copying: str) -> None:
    (ready / "requirements.lock").write_text("# nothing again\n")
    moved = ready.rename(ready.with_name("moved"))
    done = set_up(moved, PYTHON=copying)
    assert done.returncode == 0, done.stderr
    assert "Making .venv" in done.stdout
    assert set_up(moved).stdout == ""


def test_an_environment_that_is_only_linked_here_is_not_emptied(checkout: Path, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    (theirs / "bin").mkdir(parents=True)
    (theirs / "kept").touch()
    (checkout / ".venv").symlink_to(theirs)
    said = only_sentence(set_up(checkout))
    assert f".venv is a link to {theirs}" in said and "Remove the link" in said
    assert (theirs / "kept").exists()

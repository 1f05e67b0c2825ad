"""Guided: the commands of docs/operate.md on a scratch machine, where systemd, users and `make` are stand-ins.

What systemd would start is started from the very units of deploy/, with their folders and their port exchanged.
"""

import os
import re
import shutil
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
GUIDE = ROOT / "docs" / "operate.md"
COPIED = ("app.py", "studio", "deploy")
SYSTEMCTL = '''#!{python}
"""Start and stop what the units say, as systemd would: in their folder, with their settings, in a group of their own."""
import os, re, shlex, signal, subprocess, sys, time
from pathlib import Path

units, running = Path(os.environ["UNITS"]), Path(os.environ["UNITS"]) / "running"
running.mkdir(exist_ok=True)
folders = {{"/opt/assay-studio": os.environ["STUDIO"], "/var/lib/assay-studio": os.environ["STUDIO_WORKSPACES"],
           "/var/cache/assay-studio": str(running / "cache"), "7860": os.environ["ADDRESS"].rpartition(":")[2]}}

def settings(name):
    text = (units / f"{{name}}.service").read_text()
    for theirs, ours in folders.items():
        text = text.replace(theirs, ours)
    return [line.partition("=")[::2] for line in text.splitlines() if "=" in line and line[0] not in "#["]

def start(name):
    if (running / name).exists():
        return
    told = settings(name)
    environment = dict(os.environ)
    for key, value in told:
        if key == "Environment":
            environment.update(each.split("=", 1) for each in shlex.split(value))
    for each in [each for key, value in told if key == "UnsetEnvironment" for each in value.split()]:
        environment.pop(each, None)  # systemd does this last, after whatever came by a file
    (folder,) = [value for key, value in told if key == "WorkingDirectory"]
    (command,) = [value for key, value in told if key == "ExecStart"]
    with (running / f"{{name}}.log").open("ab") as log:
        process = subprocess.Popen(shlex.split(command), cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                                   stdout=log, stderr=log, start_new_session=True)
    (running / name).write_text(str(process.pid))

def alive(pid):
    try:
        return Path(f"/proc/{{pid}}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False

def stop(name):
    if not (running / name).exists():
        return
    pid = int((running / name).read_text())
    os.kill(pid, signal.SIGTERM)
    (patience,) = [float(value) for key, value in settings(name) if key == "TimeoutStopSec"]
    until = time.monotonic() + patience
    while alive(pid) and time.monotonic() < until:
        time.sleep(0.05)
    if alive(pid):
        sys.exit(f"{{name}} did not stop in time")
    (running / name).unlink()

verb, *names = [word for word in sys.argv[1:] if not word.startswith("--")]
for name in [name.removesuffix(".service") for name in names if not name.endswith(".timer")]:
    {{"start": start, "enable": start, "stop": stop}}[verb](name)
'''
# Without users of its own, a scratch machine does as this one what those would do there.
RUNUSER = '#!/bin/sh\n[ "$1" = -u ] && shift 3\nexec "$@"\n'
INSTALL = '#!/bin/sh\nset -- $(for each in "$@"; do echo "$each"; done | sed "/^-[og]$/,+1d")\nexec {install} "$@"\n'
NOTED = '#!/bin/sh\necho "$(basename "$0") $*" >> "$UNITS/noted"\n'


@dataclass
class Machine:
    """A scratch machine: its folders, and what the guide calls them."""

    folder: Path
    names: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        programs = self.folder / "bin"
        for place in (programs, self.folder / "units", self.folder / "backups"):
            place.mkdir(parents=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        scripts = {
            "systemctl": SYSTEMCTL.format(python=sys.executable), "runuser": RUNUSER,
            "install": INSTALL.format(install=shutil.which("install")), "useradd": NOTED, "make": NOTED,
        }  # fmt: skip
        for name, script in scripts.items():
            (programs / name).write_text(script)
            (programs / name).chmod(0o755)
        self.names = {
            "STUDIO": str(self.folder / "studio"), "OLD": str(self.folder / "old"), "NEW": str(self.folder / "new"),
            "STUDIO_WORKSPACES": str(self.folder / "workspace"), "BACKUPS": str(self.folder / "backups"),
            "UNITS": str(self.folder / "units"), "ADDRESS": f"http://127.0.0.1:{port}",
        }  # fmt: skip

    @property
    def workspace(self) -> Path:
        return Path(self.names["STUDIO_WORKSPACES"])

    def unpack(self, name: str) -> Path:
        """The program as it is here, under one of the guide's names."""
        to = Path(self.names[name])
        to.mkdir()
        for each in COPIED:
            place = ROOT / each
            if place.is_dir():
                # With what is compiled already, but not with what somebody is about to compile.
                shutil.copytree(place, to / each, ignore=shutil.ignore_patterns("*.pyc.*"))
            else:
                shutil.copy(place, to / each)
        (to / "assets").symlink_to(ROOT / "assets")
        (to / ".venv").symlink_to(sys.prefix)
        return to

    def follow(self, title: str, *, part: int | None = None, **more: str) -> str:
        """Do what the guide says under this title (or in one block of it); what was printed."""
        blocks = commands(title)
        wanted = blocks if part is None else [blocks[part]]
        quiet = {"HF_ENDPOINT": "http://127.0.0.1:9", "PYTHONDONTWRITEBYTECODE": "", "PYTHONPATH": ""}
        surroundings = os.environ | quiet | self.names | more
        surroundings["PATH"] = f"{self.folder / 'bin'}:{surroundings['PATH']}"
        script = "\n".join(["set -euo pipefail", functions(), *wanted])
        done = subprocess.run(
            ["bash", "-c", script], env=surroundings, capture_output=True, text=True, timeout=240, check=False
        )
        assert done.returncode == 0, f"{title}: {done.stdout}\n{done.stderr}\n{self.logs()}"
        return done.stdout

    def logs(self) -> str:
        return "\n".join(path.read_text()[-2000:] for path in sorted(Path(self.names["UNITS"]).glob("running/*.log")))

    def stop(self) -> None:
        """End whatever was started."""
        for path in Path(self.names["UNITS"]).glob("running/*"):
            if path.suffix != ".log" and path.is_file():
                subprocess.run(
                    [str(self.folder / "bin" / "systemctl"), "stop", path.name], env=os.environ | self.names, check=True
                )


def sections() -> dict[str, str]:
    """The text under each title of the guide."""
    parts = re.split(r"^## (.+)$", GUIDE.read_text(), flags=re.M)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def commands(title: str) -> list[str]:
    return re.findall(r"^```bash\n(.*?)^```$", sections()[title], re.M | re.S)


def functions() -> str:
    """What is said first, without the folders, which are others here."""
    said = GUIDE.read_text().partition("<!-- names -->\n```bash\n")[2].partition("```")[0]
    return "\n".join(line for line in said.splitlines() if not line.startswith("export"))

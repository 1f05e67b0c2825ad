"""Operating: what is most often wrong with a studio on a server, found before it hurts; needs no running studio.

docs/operate.md lists these checks with why each is there.
"""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from ipaddress import ip_network
from pathlib import Path

from studio.domain.errors import SetupError, StudioError
from studio.domain.excerpt import printable
from studio.domain.job import JobState
from studio.domain.machine import Check
from studio.flows import space
from studio.flows.studio import Studio
from studio.jobs.beat import FRESH, heard
from studio.jobs.presence import is_supervised
from studio.jobs.process import identity_of
from studio.recipes.hub.names import endpoint
from studio.recipes.words import amount
from studio.store import audit, jobs
from studio.store.database import HEAD, Store, found_revision, server_version, unmigrated
from studio.store.workspace import Workspace

MOUNTS = Path("/proc/self/mounts")
# File systems on which another machine may hold the file: locks of SQLite are then a matter of luck.
REMOTE = frozenset(
    "nfs nfs4 cifs smb3 smbfs afs ceph glusterfs lustre 9p fuse.sshfs fuse.s3fs fuse.rclone fuse.glusterfs".split()
)
OPEN_FILES = 4096
POSTGRESQL = 13
CLOCK_OFF, BACKUP_AGE = timedelta(minutes=2), timedelta(days=7)
SOON = 4.0  # seconds
A_DAY, END_OF_LOG, SHOWN = timedelta(days=1), 5_000_000, 120  # bytes that are looked through; letters of what was told
ROOM = 0.1  # of what a workspace may take is to be left for what comes
ASK_THE_TIME = """
import sys, urllib.error, urllib.request
asked = urllib.request.Request(sys.argv[1], method="HEAD")
try:
    print(urllib.request.urlopen(asked, timeout=3).headers["Date"])
except urllib.error.HTTPError as answer:
    print(answer.headers["Date"])
"""


def checks(folder: Path, environ: Mapping[str, str], *, mounts: Path = MOUNTS) -> list[Check]:
    """What can be found out from outside; of a workspace that is not there yet, as much as that allows."""
    workspace, url = Workspace(folder.absolute()), environ.get("STUDIO_DATABASE")
    found = [_proxies(environ), _kind_of_disk(workspace, url, mounts), _private(workspace), _cache(environ)]
    found += [_open_files(), _clock(environ), _postgresql(url), _one_machine(workspace, url), _faults(workspace)]
    return [check for check in [*found, *_of_the_database(workspace, url)] if check is not None]


# Settings


def _proxies(environ: Mapping[str, str]) -> Check | None:
    """Whoever is believed as a proxy can say who they are."""
    named = [each.strip() for each in environ.get("STUDIO_PROXY", "").split(",") if each.strip()]
    if not named:
        if environ.get("STUDIO_ACCESS") != "proxy":
            return None
        fix = "Set STUDIO_PROXY to the address of the reverse proxy, 127.0.0.1 where it runs here."
        return Check("Proxies", False, "none is believed, and STUDIO_ACCESS is proxy", fix)
    fix = "Name in STUDIO_PROXY the proxy's own address alone: 127.0.0.1, or 10.0.0.2."
    for each in named:
        try:
            network = ip_network(each, strict=False)
        except ValueError:
            return Check("Proxies", False, f"{each} is no address", fix)
        if network.prefixlen < (8 if network.version == 4 else 32):
            return Check("Proxies", False, f"{each} lets anybody say who they are", fix)
    return Check("Proxies", True, f"believed: {', '.join(named)}")


def _open_files() -> Check:
    """Each open page holds a connection or two, and each is an open file."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most in (resource.RLIM_INFINITY, -1) or most >= OPEN_FILES:
        return Check("Open files", True, "enough", needed=False)
    fix = f"Raise it: LimitNOFILE={OPEN_FILES} in the systemd unit, --ulimit nofile={OPEN_FILES} with Docker."
    return Check("Open files", False, f"at most {most:,}", fix, needed=False)


def _cache(environ: Mapping[str, str]) -> Check:
    """Compilers of GPU code and libraries keep what they make beneath the home folder."""
    home = environ.get("HOME") or str(Path.home())
    cache = Path(environ.get("XDG_CACHE_HOME") or Path(home) / ".cache")
    place = next((folder for folder in (cache, *cache.parents) if folder.exists()), Path("/"))
    if place.is_dir() and os.access(place, os.W_OK | os.X_OK):
        return Check("Cache", True, str(cache), needed=False)
    fix = "Set XDG_CACHE_HOME to a folder that the studio may write to, or give it a home folder."
    return Check("Cache", False, f"{cache} cannot be written", fix, needed=False)


# The folder


def _kind_of_disk(workspace: Workspace, url: str | None, mounts: Path) -> Check:
    """SQLite relies on locks that file systems over a network keep badly or not at all."""
    kind = kind_of_disk(workspace.root, mounts)
    if kind not in REMOTE or url:
        return Check("Kind of disk", True, kind or "not known", needed=False)
    fix = "Keep the workspace on a local disk, or the database in PostgreSQL: set STUDIO_DATABASE."
    return Check("Kind of disk", False, f"{workspace.root} is on {kind}, and SQLite is not safe there", fix)


def kind_of_disk(place: Path, mounts: Path = MOUNTS) -> str:
    """The kind of file system that holds the place; empty where the system does not say."""
    try:
        lines = [line.split() for line in mounts.read_text().splitlines()]
    except OSError:
        return ""
    held = [(Path(words[1].replace("\\040", " ")), words[2]) for words in lines if len(words) > 2]
    fitting = [(mount, kind) for mount, kind in held if place.is_relative_to(mount)]
    return max(fitting, key=lambda each: len(each[0].parts), default=(place, ""))[1]


def _private(workspace: Workspace) -> Check | None:
    """The folder holds people's data, and whoever can write to it is the studio."""
    if not workspace.root.is_dir():
        return None
    for path in (workspace.root, workspace.database):
        with suppress(FileNotFoundError):
            status = path.stat()
            if status.st_uid != os.geteuid():
                fix = f"Run as that user, or: chown -R {os.geteuid()} {workspace.root}"
                return Check("Owner", False, f"{path} belongs to user {status.st_uid}, not to {os.geteuid()}", fix)
    if workspace.root.stat().st_mode & 0o077:
        fix = f"chmod 700 {workspace.root}"
        return Check("Owner", False, f"other users of this machine can look into {workspace.root}", fix)
    return Check("Owner", True, "the folder is its owner's alone")


def _one_machine(workspace: Workspace, url: str | None) -> Check | None:
    """A workspace on SQLite belongs to one machine; a second one on the same folder would damage it."""
    beat, mine = heard(workspace), identity_of(os.getpid())
    if url or beat is None or mine is None:
        return None
    is_mine = beat.process.partition("/")[0] == mine.started.partition("/")[0]  # the boot; containers of it are here
    if is_mine or time.time() - beat.at > FRESH:
        return Check("One machine", True, "no other works on this workspace")
    fix = "Stop the studio there, or move the database to PostgreSQL (STUDIO_DATABASE), which several may share."
    return Check("One machine", False, "another machine works on this workspace at this moment", fix)


def _faults(workspace: Workspace) -> Check:
    """What failed in the studio itself stands in its logs, where nobody looks who is not told to."""
    logs = workspace.log("").parent.glob("*.jsonl")
    since = datetime.now(UTC) - A_DAY
    told = sorted((at, words, path) for path in logs for at, words in _errors(path) if at > since)
    if not told:
        return Check("Faults", True, "none in the last day", needed=False)
    at, words, path = told[-1]
    how_many = f"{len(told):,} in the last day, the last one at {at:%H:%M} UTC: {printable(words)[:SHOWN]}"
    fix = f"Read the lines of level error in {path}, and report them with their traceback."
    return Check("Faults", False, how_many, fix, needed=False)


def _errors(path: Path) -> Iterator[tuple[datetime, str]]:
    """What the end of a log tells of errors: when, and the words."""
    with suppress(OSError), path.open("rb") as file:
        file.seek(max(path.stat().st_size - END_OF_LOG, 0))
        for line in file:
            if b'"level":"error"' in line or b'"level":"critical"' in line:
                with suppress(ValueError, KeyError, TypeError):
                    told = json.loads(line)
                    yield datetime.fromisoformat(told["at"]), str(told["message"])


# The clock, and the database


def _clock(environ: Mapping[str, str]) -> Check:
    """Sign-ins, keys and one-time addresses end by the clock; so does what others believe of a signature."""
    try:
        command = [sys.executable, "-c", ASK_THE_TIME, endpoint(environ)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=SOON, check=True)
        there = parsedate_to_datetime(done.stdout.strip())
    except (SetupError, subprocess.SubprocessError, ValueError, TypeError):
        words = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, and nobody to compare it with"
        return Check("Clock", True, words, needed=False)
    off = abs(datetime.now(UTC) - there)
    words = f"{off.total_seconds():,.0f} s off the hub's"
    fix = "Set it and keep it set: timedatectl set-ntp true."
    return Check("Clock", off <= CLOCK_OFF, words, "" if off <= CLOCK_OFF else fix, needed=False)


def _postgresql(url: str | None) -> Check | None:
    if not url:
        return None
    fix = "Check STUDIO_DATABASE (postgresql+psycopg://user@host/name), that the server runs, and that it lets you in."
    try:
        version = server_version(url, within=SOON)
    except StudioError as error:
        return Check("PostgreSQL", False, error.message, error.fix or fix)
    if version is not None and version < POSTGRESQL:
        return Check("PostgreSQL", False, f"version {version}", f"Use version {POSTGRESQL} or newer.")
    return Check("PostgreSQL", True, f"version {version}" if version else "another database answers")


def _of_the_database(workspace: Workspace, url: str | None) -> list[Check]:
    """What a database says that is there already; it is neither made nor brought up to date."""
    if not url and not workspace.database.is_file():
        return []
    try:
        store = unmigrated(workspace, url=url)
    except StudioError:
        return []  # `_postgresql` has told
    try:
        return [_waiting(store), _budget(store), _backup(store)] if found_revision(store) == HEAD else []
    except StudioError as error:
        return [Check("Database", False, error.message, error.fix)]
    finally:
        store.close()


def _waiting(store: Store) -> Check:
    """Jobs wait for somebody who carries them out."""
    waiting = sum(job.state is JobState.QUEUED for job in jobs.live(store))
    if is_supervised(store.workspace) or not waiting:
        return Check("Supervisor", True, "at work" if is_supervised(store.workspace) else "nothing waits for it")
    fix = "Start the studio; where web and jobs are started apart, start python -m studio.jobs.supervisor too."
    return Check("Supervisor", False, f"none is running, and {waiting:,} jobs wait", fix)


def _budget(store: Store) -> Check:
    """What does not fit does not start, so that it is better known before."""
    studio = Studio(store)
    try:
        now = space.space(studio)
    except SetupError as error:
        return Check("Disk budget", False, error.message, error.fix)
    taken = f"{amount(now.used)} used, {amount(now.promised)} more promised to what waits and runs"
    whole = "no limit but the disk" if now.budget is None else f"of {amount(now.budget)}"
    missing = round((now.used + now.promised + max(now.left, 0)) * ROOM) - now.left
    fix = space.ways(studio, missing, now.budget) if missing > 0 else ""
    return Check("Disk budget", missing <= 0, f"{whole}: {taken}, {amount(max(now.left, 0))} left", fix, needed=False)


def _backup(store: Store) -> Check:
    last = next(iter(audit.newest(store, words="made a backup", limit=1)), None)
    fix = "python -m studio backup FILE, on another disk, every night; docs/operate.md has the timer."
    if last is None:
        return Check("Backup", False, "none was ever made", fix, needed=False)
    age = datetime.now(UTC) - last.at
    words = f"the last one was made on {last.at:%-d %B %Y}"
    return Check("Backup", age <= BACKUP_AGE, words, "" if age <= BACKUP_AGE else fix, needed=False)

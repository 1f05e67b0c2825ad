"""Workspace: a team's folder. Every path in it is named here and nowhere else."""

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

from studio.domain.errors import SetupError, StudioError

PRIVATE = 0o700
PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class Workspace:
    """The folder `root` with its database, the files of every dataset, run and study, and those of every attempt."""

    root: Path

    @property
    def database(self) -> Path:
        return self.root / "studio.db"

    @property
    def backups(self) -> Path:
        """Where the database lies as it was before each upgrade."""
        return self.root / "backups"

    @property
    def restoring(self) -> Path:
        """Where a backup lies, unpacked and verified, until all of it is in its place."""
        return self.root / "restoring"

    @property
    def restoring_database(self) -> Path:
        """There while the database of a server is being restored: it belongs to nothing yet."""
        return self.root / "restoring.database"

    @property
    def migration_lock(self) -> Path:
        return self.root / "migration.lock"

    @property
    def supervisor_lock(self) -> Path:
        return self.root / "supervisor.lock"

    @property
    def pages_lock(self) -> Path:
        """Held by whoever serves pages of this workspace."""
        return self.root / "pages.lock"

    @property
    def supervisor_info(self) -> Path:
        return self.root / "supervisor.json"

    @property
    def supervisor_log(self) -> Path:
        return self.root / "supervisor.log"

    @property
    def supervisor_beat(self) -> Path:
        """Where a supervisor says every second that it still looks after the jobs."""
        return self.root / "supervisor.beat"

    def log(self, process: str) -> Path:
        """Where this process tells what happens, in JSON lines."""
        return self.root / "logs" / f"{process}.jsonl"

    @property
    def folder_id(self) -> Path:
        """What tells this folder from others, for a database that several hosts can reach."""
        return self.root / "folder.id"

    @property
    def exports(self) -> Path:
        return self.root / "exports"

    @property
    def uploads(self) -> Path:
        """Where what a browser sends lies until it is taken into a dataset."""
        return self.root / "uploads"

    def release(self, release_id: str) -> Path:
        """Where a delivery lies that nobody wanted elsewhere."""
        return self.exports / _plain(release_id)

    def dataset(self, dataset_id: str) -> Path:
        return self.root / "datasets" / _plain(dataset_id)

    def lengths(self, dataset_id: str, model_id: str) -> Path:
        """Where the token lengths of a dataset are kept for one model."""
        return self.dataset(dataset_id) / "lengths" / f"{slug(model_id)}.npz"

    def meaning(self, dataset_id: str) -> Path:
        """Where it is kept which rows of a dataset are alike in meaning."""
        return self.dataset(dataset_id) / "meaning" / "pairs.npz"

    def leakage(self, dataset_id: str, split_id: str) -> Path:
        """Where it is kept what the check of a split found."""
        return self.dataset(dataset_id) / "leakage" / f"{_plain(split_id)}.json"

    @property
    def meanings_of_words(self) -> Path:
        """Vectors of words, made at the first use."""
        return self.root / "meaning" / "words.npz"

    def model(self, model_id: str) -> Path:
        """Where a model lies that was downloaded from a hub."""
        return self.root / "models" / slug(model_id)

    def run(self, run_id: str) -> Path:
        return self.root / "runs" / _plain(run_id)

    def study(self, study_id: str) -> Path:
        return self.root / "studies" / _plain(study_id)

    def chat(self, talk_id: str) -> Path:
        """Where it is kept what was asked and said in a talk."""
        return self.root / "chats" / _plain(talk_id)

    @property
    def chat_inbox(self) -> Path:
        """Where the messages lie that wait for an answer."""
        return self.root / "chats" / "inbox"

    def job(self, job_id: str) -> Path:
        return self.root / "jobs" / _plain(job_id)

    def attempt(self, job_id: str, attempt: int) -> Path:
        return self.job(job_id) / f"attempt-{attempt}"

    def prepare(self) -> None:
        """Make the folders that are missing, for their owner alone; SetupError where nothing can be written."""
        try:
            for name in ("", "datasets", "runs", "studies", "jobs", "exports", "uploads", "models"):
                (self.root / name).mkdir(mode=PRIVATE, parents=True, exist_ok=True)
        except OSError as error:
            raise SetupError(
                f"The workspace {self.root} cannot be made: {(error.strerror or 'unknown reason').lower()}.",
                fix="Choose a folder that you may write to with STUDIO_WORKSPACES.",
            ) from error
        if not os.access(self.root, os.R_OK | os.W_OK | os.X_OK):
            raise SetupError(
                f"The workspace {self.root} is read-only for you.",
                fix="Give yourself the right to write there, or choose another folder with STUDIO_WORKSPACES.",
            )


def slug(name: str) -> str:
    """A file name for any name; where letters had to change, a fingerprint keeps different names apart."""
    name = str(name)  # a program names a model by a number, and there is none of that name
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-")[:80]
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return plain if plain == name else f"{plain or 'x'}-{digest}"


def _plain(name: str) -> str:
    """The id itself if it is fit to be a folder's name, so that no id can lead out of the workspace."""
    if not isinstance(name, str) or len(name) > LONGEST_NAME or not PLAIN_NAME.fullmatch(name):
        raise StudioError(f"{str(name)[:80]!r} is not an id.", fix="Use one of the ids that are listed.")
    return name

"""Bring: a file or a sample becomes an immutable dataset."""

import json
import logging
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from studio.data.encodings import charset
from studio.data.naming import file_name, shown_name
from studio.data.offers import Offer, Repaired, offers_from, repaired_from
from studio.data.repairing import Repair
from studio.data.rows import insist_on_rows, load_rejects, load_rows
from studio.domain.dataset import Dataset, Mapping, Reject
from studio.domain.errors import DatasetError, SetupError
from studio.domain.excerpt import printable
from studio.domain.intact import sync
from studio.domain.job import JobKind, Wish
from studio.domain.row import Row
from studio.flows import space
from studio.flows.audit import logged
from studio.flows.studio import Studio
from studio.store import datasets as stored
from studio.store import jobs
from studio.store.ids import new_id
from studio.store.moved import known_folders

AN_HOUR, A_DAY = 3_600.0, 86_400.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Sample:
    """A file that comes with the studio, to try the journey on."""

    id: str
    title: str
    about: str
    rows: int
    path: Path


def samples(studio: Studio) -> list[Sample]:
    """The samples in assets/, in the order of their index."""
    folder = studio.assets / "samples"
    index = json.loads((folder / "index.json").read_text())
    return [
        Sample(
            id=Path(entry["file"]).stem,
            title=entry["title"],
            about=entry["description"],
            rows=entry["rows"],
            path=folder / entry["file"],
        )
        for entry in index
    ]


@logged("brought a sample")
def bring_sample(
    studio: Studio,
    sample_id: str,
    *,
    name: str | None = None,
    mapping: Mapping | None = None,
    repairs: Sequence[str] = (),
) -> Dataset:
    """A sample as a dataset of one's own."""
    for sample in samples(studio):
        if sample.id == sample_id:
            return bring_file(
                studio,
                sample.path,
                name=name or sample.title,
                mapping=mapping,
                sample=sample.id,
                repairs=repairs,
            )
    raise DatasetError(f"There is no sample called {sample_id}.", fix="Pick one of those listed.")


@logged("brought a file")
def bring_file(
    studio: Studio,
    path: Path,
    *,
    name: str | None = None,
    source_name: str | None = None,
    mapping: Mapping | None = None,
    sample: str | None = None,
    repairs: Sequence[str] = (),
    encoding: str | None = None,
    by_guess: bool = False,
    is_ours: bool = False,
    key: str | None = None,
) -> Dataset:
    """Take a file into the workspace and read it in a process of its own; returns at once. The same `key` is the same
    dataset.

    Lines are repaired in the ways that `repairs` names, and in no other. Without a `mapping`, the fields are those that
    a person chose for their last file with the same ones, or else guessed; `by_guess` they are guessed in any case. A
    file that `is_ours`, which nobody changes any more, is not copied where a link will do.
    """
    if encoding:
        charset(encoding)
    if unknown := [kind for kind in repairs if kind not in list(Repair)]:
        raise DatasetError(f"There is no repair called {unknown[0]}.", fix=f"Choose from {', '.join(Repair)}.")
    if not path.is_file():
        known = ", ".join(sample.id for sample in samples(studio))
        raise DatasetError(
            f"{printable(str(path))} is not a file.",
            fix=f"Give the path of a JSONL, JSON, CSV, Excel or Parquet file, or name a sample: {known}.",
        )
    shown = file_name(source_name or path.name)
    dataset_id = new_id("data")
    folder = studio.workspace.dataset(dataset_id)
    source = folder / "source"
    wanted = path.stat().st_size * (1 if is_ours else 2)
    claim = space.claim(studio, wanted, folder, "Reading this file", error=DatasetError)
    with _whole_or_nothing(studio, dataset_id):
        space.insist(studio, claim)
        _take(path, source, is_ours=is_ours)
        made = stored.add(
            studio.store,
            id=dataset_id,
            name=shown_name(name or Path(shown).stem),
            source_name=shown,
            bytes=source.stat().st_size,
            sample=sample,
            spec={
                "source": str(source),
                "source_name": shown,
                "out": str(folder),
                "mapping": asdict(mapping) if mapping else None,
                "repairs": list(repairs),
                "encoding": encoding,
                "earlier": [] if mapping or by_guess else stored.chosen_mappings(studio.store),
            },
            key=key,
            claim=claim,
        )
    if made.id != dataset_id:
        shutil.rmtree(folder, ignore_errors=True)
    return made


@contextmanager
def _whole_or_nothing(studio: Studio, dataset_id: str) -> Iterator[None]:
    """Leave no files of a dataset that there is not."""
    try:
        yield
    except Exception:
        try:
            stored.get(studio.store, dataset_id)
        except DatasetError:
            shutil.rmtree(studio.workspace.dataset(dataset_id), ignore_errors=True)
        except SetupError:
            pass  # nobody can say whether it was kept
        raise


def _take(path: Path, source: Path, *, is_ours: bool) -> None:
    """Copy or link a file to where it stays; it is on the disk before anybody hears of it."""
    try:
        source.parent.mkdir(parents=True, exist_ok=True)
        if not (is_ours and _is_linked(path, source)):
            shutil.copyfile(path, source)
        for place in (source, source.parent, source.parent.parent):
            sync(place)
    except OSError as error:
        told = (error.strerror or "unknown reason").lower()
        raise DatasetError(f"The file cannot be copied: {told}.", fix="Try again once that is mended.") from error


def _is_linked(path: Path, source: Path) -> bool:
    """Whether a link did; it does not where the two lie on different disks."""
    with suppress(OSError):
        os.link(path, source)
        return True
    return False


def forget_uploads(studio: Studio, *, whole: float = A_DAY, part: float = AN_HOUR) -> None:
    """Delete what browsers sent so many seconds ago and nobody took in.

    A part of an upload that was cut off lies by itself, a whole one in a folder of its own.
    """
    uploads = studio.workspace.uploads
    for path in uploads.rglob("*"):
        limit = part if path.parent == uploads else whole
        if path.is_file() and time.time() - path.stat().st_mtime > limit:
            path.unlink(missing_ok=True)


def forget_leftovers(studio: Studio, *, older_than: float = AN_HOUR) -> list[Path]:
    """Delete the folders that a killed process left of datasets and comparisons that there never were.

    Only those that nobody has written to for so many seconds: one that is being made has its entry only at its end.
    """
    known = known_folders(studio.store)
    left = [path for name in known for path in (studio.workspace.root / name).iterdir() if path.name not in known[name]]
    gone = [path for path in left if time.time() - _touched(path) > older_than]
    for path in gone:
        log.warning("%s was left behind by something that was cut short, and is deleted", path)
        shutil.rmtree(path, ignore_errors=True)
    return gone


def _touched(folder: Path) -> float:
    """When something in a folder was last written."""
    return max(path.stat().st_mtime for path in (folder, *folder.rglob("*")))


@logged("had a file read anew")
def reread(
    studio: Studio,
    dataset_id: str,
    mapping: Mapping | None,
    *,
    repairs: Sequence[str] = (),
    encoding: str | None = None,
    by_guess: bool = False,
) -> Dataset:
    """The same upload read with other fields, by the guess alone, with more repairs, or in another encoding.

    It is a new dataset, the first one stays as it was.
    """
    first = stored.get(studio.store, dataset_id)
    spec = jobs.spec(studio.store, stored.get(studio.store, first.root).job_id)
    return bring_file(
        studio,
        studio.workspace.dataset(dataset_id) / "source",
        name=first.name,
        source_name=first.source_name,
        mapping=mapping,
        sample=first.sample,
        is_ours=True,
        repairs=list(dict.fromkeys([*spec.get("repairs", []), *repairs])),
        encoding=encoding or spec.get("encoding"),
        by_guess=by_guess,
    )


def repairs(studio: Studio, dataset_id: str) -> list[Offer]:
    """The refused lines that could safely be repaired, by the kind of repair, the most lines first."""
    return offers_from(told(studio, dataset_id).get("repairs", []))


def repaired(studio: Studio, dataset_id: str) -> Repaired:
    """How many lines of each kind were repaired when the dataset was read."""
    return repaired_from(told(studio, dataset_id).get("repaired", {}))


@logged("repaired a file")
def repair(studio: Studio, dataset_id: str, kinds: Sequence[str]) -> Dataset:
    """The same upload with these repairs: a new dataset with the same fields, the first one stays as it was."""
    if not kinds:
        raise DatasetError("No repair is chosen.", fix="Choose at least one.")
    guess = stored.get(studio.store, dataset_id).guess
    return reread(studio, dataset_id, guess.mapping if guess else None, repairs=kinds)


def told(studio: Studio, dataset_id: str) -> dict[str, Any]:
    """What its reading told of a dataset, also where no line of it could be used."""
    return jobs.get(studio.store, stored.get(studio.store, dataset_id).job_id).result


def dataset(studio: Studio, dataset_id: str) -> Dataset:
    return stored.get(studio.store, dataset_id)


def datasets(studio: Studio, *, with_id: str | None = None) -> list[Dataset]:
    """The newest version of every dataset of the workspace, those changed last first; also the one `with_id`."""
    found = stored.all(studio.store)
    newest = {dataset.root: dataset.version for dataset in sorted(found, key=lambda dataset: dataset.version)}
    return [dataset for dataset in found if dataset.version == newest[dataset.root] or dataset.id == with_id]


def ready(studio: Studio, dataset_id: str) -> Dataset:
    """The dataset once it has been read; DatasetError with the reason while it has not."""
    found = stored.get(studio.store, dataset_id)
    if found.is_being_read:
        raise DatasetError(f"{found.name} is still being read.", fix="Wait a moment and try again.")
    if not found.is_ready:
        job = jobs.get(studio.store, found.job_id)
        raise DatasetError(job.message, fix=job.fix or "Bring the file in again.")
    insist_on_rows(studio.workspace.dataset(dataset_id))
    return found


def preview(studio: Studio, dataset_id: str, *, start: int = 0, count: int = 6) -> list[Row]:
    """`count` good rows from row number `start`."""
    rows = load_rows(studio.workspace.dataset(ready(studio, dataset_id).id))
    return [rows[number] for number in range(max(start, 0), min(start + count, len(rows)))]


def rejects(studio: Studio, dataset_id: str, *, limit: int = 50) -> list[Reject]:
    """The first `limit` lines that could not become rows."""
    return load_rejects(studio.workspace.dataset(dataset_id), limit=limit)


def rejects_file(studio: Studio, dataset_id: str) -> Path:
    """All refused lines with place, reason and text, as JSONL."""
    found = stored.get(studio.store, dataset_id)
    source = studio.workspace.dataset(dataset_id) / "rejects.jsonl"
    if not source.exists():
        raise DatasetError(f"{found.name} was not refused line by line.", fix="Its own message says what is wrong.")
    target = studio.workspace.exports / f"{found.id}-refused-lines.jsonl"
    shutil.copyfile(source, target)
    return target


@logged("stopped the reading of a file")
def cancel(studio: Studio, dataset_id: str) -> Dataset:
    """Ask the reader to stop; what was uploaded stays on disk."""
    job = jobs.get(studio.store, stored.get(studio.store, dataset_id).job_id)
    if job.kind is JobKind.INGEST and job.is_live:
        jobs.wish(studio.store, job.id, Wish.STOP)
    return stored.get(studio.store, dataset_id)

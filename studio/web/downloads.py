"""Downloads: files made on request, always sent as attachments and never by path."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from fastapi import APIRouter, HTTPException
from fastapi.responses import FileResponse, Response, StreamingResponse

from studio.domain.errors import StudioError
from studio.domain.split import Bin
from studio.flows import bring, chat, deliver, leakage, report, script, split, trackers, votes
from studio.flows.studio import Studio

T = TypeVar("T")


def download_routes(studio: Studio) -> APIRouter:
    """One address per kind of file."""
    routes = APIRouter(prefix="/download")

    @routes.get("/refused/{dataset_id}")
    def refused(dataset_id: str) -> FileResponse:
        return _sent(lambda: bring.rejects_file(studio, dataset_id))

    @routes.get("/bin/{dataset_id}/{bin}")
    def bin_of_dataset(
        dataset_id: str, bin: Bin, model: str | None = None, cut_off: int | None = None, kind: str = "csv"
    ) -> StreamingResponse:
        parts = _found(lambda: split.bin_lines(studio, dataset_id, bin, kind=kind, model_id=model, cut_off=cut_off))
        return _streamed(parts, f"{dataset_id}-{bin.value}.{kind}")

    @routes.get("/reading/{dataset_id}.{kind}")
    def reading_list(dataset_id: str, kind: str) -> StreamingResponse:
        parts = _found(lambda: leakage.reading_lines(studio, dataset_id, kind=kind))
        return _streamed(parts, f"{dataset_id}-reading-list.{kind}")

    _add_verdicts(routes, studio)

    @routes.get("/chat/{talk}.{kind}")
    def chat_talk(talk: str, kind: str) -> Response:
        said = _found(lambda: chat.told(studio, talk, kind=kind))
        media = {"md": "text/markdown; charset=utf-8"}.get(kind, "application/jsonl")
        return Response(
            said, media_type=media, headers={"Content-Disposition": f'attachment; filename="{talk}.{kind}"'}
        )

    @routes.get("/script/{run_id}")
    def trl_script(run_id: str) -> FileResponse:
        return _sent(lambda: script.archive(studio, run_id))

    _add_zip_files(routes, studio)
    return routes


def _add_verdicts(routes: APIRouter, studio: Studio) -> None:
    """The votes of a closed study, and its report."""
    as_votes = {"csv": votes.votes_csv, "jsonl": votes.votes_jsonl}
    as_report = {"html": report.report_html, "pdf": report.report_pdf}

    @routes.get("/votes/{study_id}.{kind}")
    def votes_of_study(study_id: str, kind: str) -> FileResponse:
        if kind not in as_votes:
            raise HTTPException(404, "Votes come as csv or jsonl.")
        return _sent(lambda: as_votes[kind](studio, study_id))

    @routes.get("/report/{study_id}.{kind}")
    def report_of_study(study_id: str, kind: str) -> FileResponse:
        if kind not in as_report:
            raise HTTPException(404, "A report comes as html or pdf.")
        return _sent(lambda: as_report[kind](studio, study_id))


def _add_zip_files(routes: APIRouter, studio: Studio) -> None:
    """What is zipped while it is sent."""

    @routes.get("/release/{release_id}")
    def release(release_id: str) -> StreamingResponse:
        name, parts = _found(lambda: deliver.archive(studio, release_id))
        return _streamed(parts, name)

    @routes.get("/tensorboard/{run_id}")
    def tensorboard(run_id: str) -> StreamingResponse:
        name, parts = _found(lambda: trackers.event_files(studio, run_id))
        return _streamed(parts, name)


def _sent(make: Callable[[], Path]) -> FileResponse:
    path = _found(make)
    return FileResponse(path, filename=path.name, content_disposition_type="attachment")


def _streamed(parts: Iterator[bytes], name: str) -> StreamingResponse:
    media = {".csv": "text/csv", ".zip": "application/zip"}.get(Path(name).suffix, "application/jsonl")
    return StreamingResponse(parts, media_type=media, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _found(make: Callable[[], T]) -> T:
    try:
        return make()
    except StudioError as error:
        raise HTTPException(404, error.sentence) from error

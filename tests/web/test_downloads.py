"""Files are made on request and sent as attachments; what must stay hidden is not found."""

import io
import zipfile

import pytest
from starlette.testclient import TestClient

from tests.web.conftest import WEIGHTS, Kept


def address(kept: Kept, pattern: str) -> str:
    return pattern.format(
        dataset=kept.dataset.id,
        run=kept.run.id,
        open=kept.open.id,
        closed=kept.closed.id,
        release=kept.release.id,
        waiting=kept.waiting.id,
    )


@pytest.mark.parametrize("pattern, name, inside", [
    ("/download/refused/{dataset}", "{dataset}-refused-lines.jsonl", b"nonsense"),
    ("/download/bin/{dataset}/train", "{dataset}-train.csv", b"Question 0?"),
    ("/download/bin/{dataset}/malformed", "{dataset}-malformed.csv", b"nonsense"),
    ("/download/votes/{closed}.csv", "{closed}-votes.csv", b"tuned_side"),
    ("/download/votes/{closed}.jsonl", "{closed}-votes.jsonl", b"tuned_side"),
    ("/download/report/{closed}.html", "{closed}-verdict.html", b"<!doctype html>"),
    ("/download/report/{closed}.pdf", "{closed}-verdict.pdf", b"%PDF-"),
    ("/download/release/{release}", "faq-1-step-40-adapter.zip", b"PK"),
])  # fmt: skip
def test_every_file_comes_as_an_attachment_that_no_browser_opens_as_a_page(
    client: TestClient, kept: Kept, pattern: str, name: str, inside: bytes
):
    answer = client.get(address(kept, pattern))
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == f'attachment; filename="{address(kept, name)}"'
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert inside in answer.content


def test_a_delivery_arrives_whole(client: TestClient, kept: Kept):
    archive = zipfile.ZipFile(io.BytesIO(client.get(f"/download/release/{kept.release.id}").content))
    assert archive.read("faq-1-step-40-adapter/adapter_model.safetensors") == WEIGHTS


@pytest.mark.parametrize("pattern", [
    "/download/refused/data-none",
    "/download/refused/..%2F..%2Fstudio.db",
    "/download/bin/data-none/train",
    "/download/votes/study-none.csv",
    "/download/votes/{closed}.xlsx",
    "/download/votes/{open}.csv",
    "/download/votes/{open}.jsonl",
    "/download/report/{open}.html",
    "/download/report/{open}.pdf",
    "/download/report/{closed}.docx",
    "/download/release/release-none",
    "/download/release/..%2F..%2Fstudio.db",
    "/download/release/{waiting}",
    "/report/study-none",
    "/report/{open}",
])  # fmt: skip
def test_what_is_not_there_or_not_to_be_seen_yet_is_not_found(client: TestClient, kept: Kept, pattern: str):
    answer = client.get(address(kept, pattern))
    assert answer.status_code == 404
    assert "tuned" not in answer.text and "Traceback" not in answer.text


def test_a_bin_that_does_not_exist_is_refused(client: TestClient, kept: Kept):
    assert client.get(f"/download/bin/{kept.dataset.id}/other").status_code == 422


def test_the_report_of_a_closed_study_opens_as_a_page(client: TestClient, kept: Kept):
    answer = client.get(f"/report/{kept.closed.id}")
    assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/html")
    assert kept.closed.fingerprint in answer.text


@pytest.mark.parametrize(
    "path", ["{root}/studio.db", "{root}/faq.jsonl", "/etc/passwd", "workspaces/studio.db", "pyproject.toml"]
)
@pytest.mark.parametrize("page", ["", "/rate"])
def test_no_file_is_sent_by_its_path(client: TestClient, kept: Kept, page: str, path: str):
    wanted = path.format(root=kept.studio.workspace.root)
    answer = client.get(f"{page}/gradio_api/file={wanted}")
    assert answer.status_code in (403, 404)

"""Uploads: what a browser sends becomes a dataset, whatever the file is called, and lands nowhere else."""

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from studio.flows import bring
from tests.data.hostile.names import NAMES, Name
from tests.web.conftest import ROWS, Kept

BOUNDARY = "a-boundary-between-parts"
CONTENT = "\n".join(ROWS).encode()


def sent(client: TestClient, name: str, content: bytes = CONTENT):
    """An upload as a browser sends it, its name as raw as that allows."""
    written = name.replace("\\", "\\\\").replace('"', "%22").encode("utf-8", "surrogateescape")
    head = b'--%s\r\nContent-Disposition: form-data; name="files"; filename="%s"\r\n' % (BOUNDARY.encode(), written)
    body = head + b"Content-Type: application/octet-stream\r\n\r\n" + content + b"\r\n--%s--\r\n" % BOUNDARY.encode()
    kind = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}
    return client.post("/gradio_api/upload", content=body, headers=kind)


def brought(client: TestClient, path: str) -> list[str]:
    """What the drop zone's own event answers to a file at this path: the kinds of its messages."""
    body = {"data": [{"path": path, "meta": {"_type": "gradio.FileData"}}]}
    called = client.post("/gradio_api/call/bring_file", json=body)
    assert called.status_code == 200, called.text
    answer = client.get(f"/gradio_api/call/bring_file/{called.json()['event_id']}").text
    return [line.removeprefix("event: ") for line in answer.splitlines() if line.startswith("event: ")]


@pytest.mark.parametrize("name", NAMES, ids=lambda name: ascii(name.written)[:40])
def test_a_file_of_any_name_becomes_a_dataset_or_is_refused_and_lands_nowhere_else(
    kept: Kept, client: TestClient, name: Name, tmp_path: Path
) -> None:
    root = kept.studio.workspace.root
    before = set(root.rglob("*")), len(bring.datasets(kept.studio))

    answer = sent(client, name.written.removesuffix(".jsonl") + ".jsonl")

    assert answer.status_code in (200, 400), answer.text
    assert "Traceback" not in answer.text
    if answer.status_code == 200:
        (path,) = answer.json()
        assert Path(path).is_relative_to(root / "uploads") and Path(path).read_bytes() == CONTENT
        assert brought(client, path)[-1] == "complete"
        newest, *others = bring.datasets(kept.studio)
        assert len(others) == before[1] and not Path(path).exists()
        assert newest.source_name.isprintable() and len(newest.source_name) <= 80
        assert (kept.studio.workspace.dataset(newest.id) / "source").read_bytes() == CONTENT
    grown = {path.relative_to(root).parts[0] for path in root.rglob("*") if path not in before[0]}
    assert grown <= {"datasets", "uploads", "jobs"}


@pytest.mark.parametrize("wanted", ["studio.db", "uploads/../studio.db", "../outside"])
def test_a_file_that_was_not_uploaded_is_not_taken(kept: Kept, client: TestClient, wanted: str) -> None:
    root = kept.studio.workspace.root
    (root.parent / "outside").write_text("no upload")
    before = len(bring.datasets(kept.studio))

    assert brought(client, str(root / wanted))[-1] == "error"
    assert len(bring.datasets(kept.studio)) == before
    assert (root / "studio.db").exists() and (root.parent / "outside").exists()

"""The studio starts where it may listen, and says in a sentence where it cannot."""

import os
import socket
from pathlib import Path

import gradio as gr
import pytest

from studio.domain.errors import SetupError
from studio.jobs.presence import unserved
from studio.store.workspace import Workspace
from studio.web.app import calm
from studio.web.quiet import quiet_libraries
from studio.web.serve import check_port, serve


def test_a_port_in_use_is_named_with_another_to_try():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SetupError, match=f"Port {port} cannot be used") as refused:
            check_port("127.0.0.1", port)
    assert str(port + 1) in refused.value.fix
    check_port("127.0.0.1", port)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "studio.example"])
def test_the_studio_does_not_listen_to_others_unless_told_to(host: str, tmp_path: Path):
    with pytest.raises(SetupError, match="would not know who they are"):
        serve(workspaces=tmp_path / "workspaces", host=host)
    assert not (tmp_path / "workspaces").exists()


def test_after_an_event_nothing_is_summed_up_over_all_that_came_before(monkeypatch: pytest.MonkeyPatch):
    for name in [name for name in os.environ if name.startswith("GRADIO_ANALYTICS")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(os, "environ", os.environ.copy())
    quiet_libraries()
    with gr.Blocks() as page:
        page.queue()
    queue = page._queue
    monkeypatch.setattr(queue, "_get_df", lambda _records: pytest.fail("a table of all events was made"))
    queue.events_recorded = 100_000
    assert queue.ANALYTICS_MAX_EVENTS == 1
    assert queue.compute_analytics_summary([{"status": "success"}]) == {"functions": {}}


def test_an_idle_page_is_looked_at_a_hundred_times_a_second_and_not_a_thousand():
    with gr.Blocks() as page:
        page.queue()
    pauses = ("sleep_when_free", "progress_update_sleep_when_free")
    assert all(vars(page._queue)[name] <= 0.01 for name in pauses)  # what Gradio has by itself, under these very names
    assert [vars(calm(page)._queue)[name] for name in pauses] == [0.01, 0.1]


def test_while_pages_are_served_nothing_is_restored_and_while_something_is_none_are_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    root, seen = tmp_path / "workspaces", []
    for part in ("build_app", "keep_tidy", "quiet_libraries", "allow_open_files", "hold_together"):
        monkeypatch.setattr(f"studio.web.serve.{part}", lambda *_, **__: None)
    monkeypatch.setattr("studio.web.serve.logs.configure", lambda *_, **__: None)
    monkeypatch.setattr("studio.web.serve.gc.freeze", lambda: None)

    def run(*_: object, **__: object) -> None:
        with unserved(Workspace(root)) as may:
            seen.append(may)

    monkeypatch.setattr("studio.web.serve.uvicorn.run", run)
    serve(workspaces=root, port=free_port(), supervise=False)
    with unserved(Workspace(root)) as may, pytest.raises(SetupError, match="being restored"):
        seen.append(may)
        serve(workspaces=root, port=free_port(), supervise=False)
    assert seen == [False, True]


def free_port() -> int:
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        return place.getsockname()[1]

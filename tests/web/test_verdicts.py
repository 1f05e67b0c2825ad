"""A verdict is read at an address of its own: without a script, kept nowhere, and gone once it is taken back."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from studio.domain.errors import StudyError
from studio.domain.study import Link
from studio.flows import compare, judge, sharing
from tests.web.conftest import Kept


@pytest.fixture
def link(kept: Kept) -> Iterator[Link]:
    yield sharing.share(kept.studio, kept.closed.id, "board@example.org")


@pytest.mark.parametrize("way", ["", "/details", ".pdf"])
def test_whoever_has_the_address_reads_it_and_nothing_is_kept_or_run(client: TestClient, link: Link, way: str):
    answer = client.get(f"/verdict/{link.token}{way}")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store" and answer.headers["referrer-policy"] == "no-referrer"
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "script" not in policy and "frame-ancestors 'none'" in policy
    assert answer.content.startswith(b"%PDF-" if way == ".pdf" else b"<!doctype html>")
    assert b"<script" not in answer.content and b"gradio" not in answer.content.lower()


def test_the_page_tells_no_path_no_token_and_no_address_of_a_person(client: TestClient, kept: Kept, link: Link):
    text = client.get(f"/verdict/{link.token}").text + client.get(f"/verdict/{link.token}/details").text
    secrets = [each.token for each in judge.raters(kept.studio, kept.closed.id)]
    secrets += [compare.invitation(kept.studio, kept.closed.id).token, str(kept.studio.workspace.root), link.label]
    for secret in (*secrets, kept.closed.id, kept.run.id, kept.dataset.id):
        assert secret not in text
    assert "/download/" not in text and f"/verdict/{link.token}.pdf" in text


def test_page_and_details_lead_to_each_other_and_name_no_step_in_a_studio_that_the_reader_does_not_see(
    client: TestClient, kept: Kept, link: Link
):
    verdict, details = (client.get(f"/verdict/{link.token}{way}").text for way in ("", "/details"))
    assert f'href="/verdict/{link.token}/details"' in verdict and f'href="/verdict/{link.token}"' in details
    assert "Next:" not in verdict + details and "Next:" in client.get(f"/report/{kept.closed.id}").text


def test_an_address_that_was_taken_back_or_never_was_says_so_in_a_sentence(client: TestClient, kept: Kept, link: Link):
    sharing.take_back(kept.studio, kept.closed.id, link.id)
    for way in ("", "/details", ".pdf"):
        gone = client.get(f"/verdict/{link.token}{way}")
        assert gone.status_code == 404 and "This link was taken back." in gone.text and "Ship" not in gone.text
        assert gone.headers["cache-control"] == "no-store"
    for token in ("nobody", compare.invitation(kept.studio, kept.closed.id).token):
        assert "leads to no comparison" in client.get(f"/verdict/{token}").text


def test_no_rater_is_named_and_no_cookie_is_needed_or_set(client: TestClient, kept: Kept, link: Link):
    assert "ann (1 judged)" in client.get(f"/report/{kept.closed.id}").text.lower(), "the owner reads who it was"
    client.cookies.clear()
    for way in ("", "/details"):
        answer = client.get(f"/verdict/{link.token}{way}")
        assert "rater 1 (1 judged)" in answer.text and "ann (1 judged)" not in answer.text.lower()
        assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("way", ["", "/details", ".pdf"])
def test_a_head_is_answered_as_the_page_is_without_its_body(client: TestClient, link: Link, way: str):
    head = client.head(f"/verdict/{link.token}{way}")
    assert (head.status_code, head.content) == (200, b"") and head.headers["cache-control"] == "no-store"
    part = client.get(f"/verdict/{link.token}{way}", headers={"Range": "bytes=0-9"})
    assert part.status_code == 200 and len(part.content) > 10, "no part of it is kept or served by itself"
    assert client.post(f"/verdict/{link.token}{way}").status_code in (404, 405)


@pytest.mark.parametrize("error", [StudyError("There is no run-1 in /home/ida/ws.", fix=""), OSError("/home/ida/ws")])
def test_what_cannot_be_shown_says_nothing_of_the_machine(
    client: TestClient, link: Link, error: Exception, monkeypatch: pytest.MonkeyPatch
):
    def fails(*_: object) -> None:
        raise error

    monkeypatch.setattr("studio.flows.decide.verdict", fails)
    for way in ("", "/details", ".pdf"):
        answer = client.get(f"/verdict/{link.token}{way}")
        assert answer.status_code == 503 and "cannot be shown at the moment" in answer.text
        assert "ida" not in answer.text and "run-1" not in answer.text
        assert answer.headers["cache-control"] == "no-store" and "default-src 'none'" in str(answer.headers)


def test_nobody_shares_a_study_that_is_still_open(kept: Kept):
    with pytest.raises(StudyError, match="still open"):
        sharing.share(kept.studio, kept.open.id)

"""A disk that is full: who is signed in goes on looking, and what must be written is refused in one sentence."""

from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from studio.domain.access import Mode, Role, Scope
from studio.domain.errors import SetupError
from studio.flows import keys, people, signing
from studio.flows.studio import Studio, open_studio
from studio.store import settings
from studio.web.access.settings import Access
from studio.web.app import build_app
from tests.small_disk import fill, mounted

ADDRESS = "http://127.0.0.1:7860"
PASSWORD = "seven quiet lanterns"


def test_on_a_full_disk_people_still_look_and_are_told_why_nothing_else_goes(tmp_path: Path, monkeypatch):
    with (
        mounted(tmp_path / "small", size="8m") as place,
        closing(open_studio(place / "workspace").store) as store,
    ):
        studio = Studio(store)
        olga = people.add(studio, "Olga", Role.OWNER, mode=Mode.PASSWORD, password=PASSWORD)
        known = {"Cookie": f"studio-7860={signing.begin(studio, olga, address='here')}"}
        by_key = {"Authorization": f"Bearer {keys.make(studio, olga, 'a program', Scope.LOOK)[1]}"}
        client = TestClient(build_app(studio, access=Access(Mode.PASSWORD)), base_url=ADDRESS)
        monkeypatch.setattr(signing, "SEEN_EVERY", timedelta(0))  # whoever comes is to be noted
        fill(place / "filler")
        with pytest.raises(SetupError, match="full"):
            settings.put(studio.store, "any", "x" * 100_000)

        for headers in (known, by_key):
            for path in ("/", "/config", "/metrics"):
                assert client.get(path, headers=headers).status_code == 200, path
        for answer in (
            client.post("/signin", data={"name": "Olga", "password": PASSWORD}, headers={"Origin": ADDRESS}),
            client.get("/download/votes/study-any.csv", headers=known),
        ):
            assert answer.status_code == 503 and answer.headers["retry-after"]
            assert "full" in answer.text and "has room" in answer.text and "itself failed" not in answer.text
        (place / "filler").unlink()
        again = client.post("/signin", data={"name": "Olga", "password": PASSWORD}, headers={"Origin": ADDRESS})
        assert again.url.path == "/" and again.status_code == 200

"""Your account: a password changed by the old one, one's own browsers and keys, and nobody else's."""

import re
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from studio.domain.access import Mode, Person, Role, Scope
from studio.flows import audit, keys, people, signing
from studio.flows.studio import Studio, open_studio
from studio.web.access.settings import Access
from tests.web.doorway import HERE, doorway

OLD, NEW = "seven quiet lanterns", "nine brisk umbrellas"


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    opened = open_studio(tmp_path_factory.mktemp("account") / "workspace")
    yield opened
    opened.store.close()


@pytest.fixture
def vi(studio: Studio) -> Iterator[Person]:
    people.add(studio, "Olga", Role.OWNER, mode=Mode.PASSWORD, password=OLD) if not people.everybody(
        studio, Mode.PASSWORD
    ) else None
    made = people.add(studio, "Vi", Role.VIEWER, mode=Mode.PASSWORD, password=OLD)
    yield made
    people.remove(studio, made.id)


def browser(studio: Studio, person: Person, mode: Mode = Mode.PASSWORD) -> TestClient:
    client = doorway(studio, Access(mode))
    token = signing.begin(studio, person, address="127.0.0.1", device="a test")
    client.cookies.set("studio-7860", token, domain="127.0.0.1")
    return client


def test_a_password_is_changed_by_the_old_one_and_every_other_browser_is_signed_out(studio: Studio, vi: Person):
    here, there = browser(studio, vi), browser(studio, vi)
    assert "Your other browsers are signed out." in here.get("/account").text
    told = {"old": OLD, "new": NEW, "again": NEW}
    for change, said in (
        ({"old": "wrong"}, "The old password is not right."), ({"again": "x"}, "The two new passwords differ."),
        ({"new": "password12", "again": "password12"}, "tried first"), ({"new": "short", "again": "short"}, "has 5"),
    ):  # fmt: skip
        refused = here.post("/account/password", data=told | change)
        assert (
            refused.status_code == 422 and said in refused.text and NEW not in refused.text and OLD not in refused.text
        )
    assert there.get("/config").status_code == 200
    done = here.post("/account/password", data=told)
    assert (done.status_code, done.headers["location"]) == (303, "/account?changed=true")
    assert "every other browser is signed out" in here.get("/account?changed=true").text
    assert here.get("/config").status_code == 200 and there.get("/config").status_code == 401
    assert [e.act for e in audit.newest(studio, words="Vi", limit=2)] == ["signed in", "chose a new password"]
    assert signing.sign_in(studio, "vi", NEW, address="127.0.0.9")[0].id == vi.id


def test_whoever_guesses_at_the_old_password_is_slowed_down(studio: Studio, vi: Person):
    here = browser(studio, vi)
    told = [here.post("/account/password", data={"old": "no", "new": NEW, "again": NEW}).text for _ in range(6)]
    assert "is not right" in told[4] and "Too many tries." in told[5]


def test_ones_own_sign_ins_and_keys_are_listed_and_ended_and_nobody_elses(studio: Studio, vi: Person):
    (olga,) = [each for each in people.everybody(studio, Mode.PASSWORD) if each.name == "Olga"]
    here, there, hers = browser(studio, vi), browser(studio, vi), browser(studio, olga)
    key, _ = keys.make(studio, olga, "hers", Scope.CHANGE)
    page = here.get("/account").text
    listed = re.findall(r'name="signin" value="([^"]+)"', page)
    assert len(listed) == 2 and page.count("(this browser)") == 1 and key.id not in page
    (other,) = [each for each, _ in signing.signed_in(studio, Mode.PASSWORD, olga.id)]
    refused = here.post("/account/end", data={"signin": other.id})
    assert (
        refused.status_code == 422
        and "You have no such sign-in" in refused.text
        and hers.get("/config").status_code == 200
    )
    assert here.post("/account/revoke-key", data={"key": key.id}).status_code == 422
    for each in listed:
        here.post("/account/end", data={"signin": each})
    assert there.get("/config").status_code == 401


def test_a_key_of_ones_own_may_no_more_than_oneself_and_never_opens_the_account(studio: Studio, vi: Person):
    here = browser(studio, vi)
    page = here.get("/account").text
    assert "<option selected>look</option>" in page and "<option>change" not in page
    assert here.post("/account/key", data={"label": "x", "scope": "change"}).status_code == 422
    made = here.post("/account/key", data={"label": "nightly", "scope": "look", "days": "7"}).text
    key = re.search(r"stu_[\w-]+", made)
    assert key is not None
    program = TestClient(here.app, base_url=HERE, headers={"Authorization": f"Bearer {key[0]}"})
    assert program.get("/config").status_code == 200
    for answer in (program.get("/account"), program.post("/account/key", data={"label": "more"})):
        assert answer.status_code == 403
    (own,) = [each for each in keys.every(studio) if each.person_id == vi.id]
    assert "was taken back" in here.post("/account/revoke-key", data={"key": own.id}).text
    assert program.get("/config").status_code == 401


def test_who_signs_in_elsewhere_has_no_password_here(studio: Studio):
    bea = people.add(studio, "bea@example.org", Role.EDITOR, mode=Mode.PROXY)
    client = doorway(studio, Access(Mode.PROXY, proxies=("127.0.0.1",)))
    client.headers["X-Forwarded-User"] = "bea@example.org"
    page = client.get("/account").text
    assert "Your account" in page and "/account/password" not in page and "Signed in" not in page
    assert client.post("/account/password", data={"old": OLD, "new": NEW, "again": NEW}).status_code == 404
    assert "It is shown this once" in client.post("/account/key", data={"label": "hers", "scope": "change"}).text
    assert [key.scope for key in keys.every(studio) if key.person_id == bea.id] == [Scope.CHANGE]


def test_on_this_machine_alone_there_is_no_account(studio: Studio):
    client = doorway(studio, Access())
    token = people.launch(studio)
    assert client.get(f"/open/{token}").status_code == 303 and client.get("/account").status_code == 404

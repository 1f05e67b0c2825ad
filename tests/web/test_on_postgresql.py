"""A team on PostgreSQL: with passwords and with a provider people come in as what they are, and go out at once."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from studio.domain.access import Mode, Role, Scope
from studio.flows import audit, keys, people, signing
from studio.flows.studio import Studio, open_studio
from studio.web.access.settings import Access, OpenId
from tests import provider
from tests.web.at_provider import GROUPS, At, browser
from tests.web.doorway import doorway
from tests.web.test_backchannel import is_in, tell, token

GOOD = "seven quiet lanterns"


@pytest.fixture
def studio(tmp_path: Path, migrated: str, new_database: Callable[..., str]) -> Iterator[Studio]:
    opened = open_studio(tmp_path / "workspace", url=new_database(template=migrated))
    yield opened
    opened.store.close()


def test_people_of_both_kinds_come_in_as_what_they_are_and_go_out_at_once(
    studio: Studio, settings: OpenId, there: provider.Provider
):
    assert studio.store.is_shared
    met = replace(settings, rules=GROUPS)

    # By a password: in, as what an owner says, and out when one says so.
    people.add(studio, "Olga", Role.OWNER, mode=Mode.PASSWORD, password=GOOD)
    olga, eddy = (doorway(studio, Access(Mode.PASSWORD)) for _ in range(2))
    assert olga.post("/signin", data={"name": "olga", "password": "wrong"}).status_code == 401
    assert olga.post("/signin", data={"name": "OLGA", "password": GOOD}).status_code == 303
    invited = olga.post("/team/invite", data={"role": "editor"}).text.partition("/welcome/")[2].partition("<")[0]
    assert eddy.post(f"/welcome/{invited}", data={"name": "Eddy", "password": GOOD, "again": GOOD}).status_code == 303
    assert eddy.get("/config").json() == {"name": "Eddy", "role": "editor"} and eddy.get("/team").status_code == 403
    (person,) = [each for each in people.everybody(studio, Mode.PASSWORD) if each.name == "Eddy"]
    olga.post("/team/role", data={"person": person.id, "role": "viewer"})
    assert eddy.get("/config").json()["role"] == "viewer"
    (his,) = [each for each, who in signing.signed_in(studio, Mode.PASSWORD) if who.id == person.id]
    assert "was ended" in olga.post("/team/end", data={"signin": his.id}).text
    assert eddy.get("/config").status_code == 401 and olga.get("/config").status_code == 200

    # By a provider: in, as its groups say, and out when it says so.
    there.bend(claims={"sid": "a session"})
    ann, rob = (At(browser(studio, met), name) for name in ("ann", "rob"))
    assert [each.sign_in().status_code for each in (ann, rob)] == [303, 303]
    assert [each.studio.get("/config").json()["role"] for each in (ann, rob)] == ["owner", "rater"]
    assert ann.studio.get("/team").status_code == 200 and rob.studio.get("/team").status_code == 403
    (hers,) = [each for each in people.everybody(studio, Mode.OIDC) if each.role is Role.OWNER]
    _, key = keys.make(studio, hers, "nightly", Scope.LOOK)
    assert tell(browser(studio, met), token(there, sub="1", sid="a session")) == 200
    assert not is_in(ann) and is_in(rob)
    there.bend(claims={"groups": ["others"]})
    assert rob.sign_in().status_code == 403 and not is_in(rob)

    # Who comes in one way is nobody the other way.
    headers = {"Authorization": f"Bearer {key}"}
    by_provider, by_password = browser(studio, met), doorway(studio, Access(Mode.PASSWORD))
    assert by_provider.get("/config", headers=headers).status_code == 200
    assert by_password.get("/config", headers=headers).status_code == 401
    by_provider.cookies.update(olga.cookies)
    assert by_provider.get("/config").status_code == 401

    acts = [(line.who, line.act) for line in audit.newest(studio, limit=50)]
    assert ("the provider", "ended a sign-in") in acts and ("Olga", "ended a sign-in") in acts
    assert audit.broken(studio) is None

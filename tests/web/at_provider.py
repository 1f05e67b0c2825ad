"""People with a browser at the studio and at its provider of sign-ins, for all tests of that."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import pytest
from starlette.testclient import TestClient

from studio.domain.access import Mode, Role
from studio.domain.openid import Rules
from studio.flows import audit, openid, people
from studio.flows.studio import Studio
from studio.store import tries
from studio.web.access.settings import Access, OpenId
from tests import provider
from tests.web.doorway import HERE, doorway

if TYPE_CHECKING:
    from tests.web.conftest import Kept

GROUPS = Rules(groups={"owners": Role.OWNER, "staff": Role.RATER})


@pytest.fixture(scope="session")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[provider.Provider]:
    folder = tmp_path_factory.mktemp("provider")
    with provider.running(folder, back=f"{HERE}/signin/back", out=f"{HERE}/signin") as found:
        yield found


@pytest.fixture
def settings(there: provider.Provider) -> Iterator[OpenId]:
    yield OpenId(there.issuer, provider.CLIENT, provider.SECRET)
    there.straighten()


@pytest.fixture
def nobody(kept: "Kept") -> Iterator[Studio]:
    """The studio before anybody has a role by a provider, and after."""
    yield kept.studio
    forget_everybody(kept.studio)


def forget_everybody(studio: Studio) -> None:
    """As if nobody had ever signed in by a provider."""
    for person in people.everybody(studio, Mode.OIDC):
        with studio.store.write() as connection:
            people.stored.set_role(connection, person, Role.VIEWER, by_groups=True)
        people.remove(studio, person.id)
        with studio.store.write() as connection:
            people.stored.bind(connection, person, f"{person.subject} once, {person.id}")
    tries.forgive(studio.store, openid.UNPROVEN)


def browser(studio: Studio, settings: OpenId) -> TestClient:
    return doorway(studio, Access(Mode.OIDC, openid=settings))


@dataclass
class At:
    """A person with a browser that is at the provider."""

    studio: TestClient
    name: str

    def __post_init__(self) -> None:
        self.provider = httpx.Client(timeout=10)

    def asked(self, way: str = "/signin/go?next=/config") -> str:
        """Where the studio sends them."""
        answer = self.studio.get(way)
        assert answer.status_code == 302, answer.text
        return answer.headers["location"]

    def answered(self, question: str) -> str:
        """They sign in there; to which place of the studio the provider sends them back."""
        page = self.provider.get(question)
        if urlsplit(page.headers["location"]).path == "/login":
            page = self.provider.get(page.url.join(page.headers["location"]))
            form = {"username": self.name, "password": provider.PASSWORD}
            form["csrfmiddlewaretoken"] = page.text.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
            page = self.provider.post(page.url, data=form)
            page = self.provider.get(page.url.join(page.headers["location"]))
        place = urlsplit(page.headers["location"])
        assert f"{place.scheme}://{place.netloc}" == HERE
        return f"{place.path}?{place.query}"

    def sign_in(self) -> Any:
        return self.studio.get(self.answered(self.asked()))


def last(studio: Studio, words: str) -> str:
    return audit.newest(studio, words=words, limit=1)[0].about

"""Client: ask the hub, and say in one sentence why it does not give. The token is never written down or passed on."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import httpx

from studio import __version__
from studio.domain.errors import RecipeError
from studio.recipes.hub.names import HubName, may_see_token

TIMEOUT = httpx.Timeout(10.0)  # a wish to stop waits for no longer than this
BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})
PATIENCE = 6  # how often in a row the hub may be busy or silent before this gives up …
AT_FIRST = 2  # … and how often it may be silent before it has said anything: then there is no network
LONGEST_PAUSE = 600.0
KEPT = "What has arrived is kept: start it again to go on from there."
OFFLINE = (
    "Check the network of this machine, or copy the model's folder here from another machine and add that. "
    "What has arrived is kept."
)


class Stopped(Exception):
    """Somebody wants this to end."""


class Gone(RecipeError):
    """The commit that was agreed on, or a file of it, is not on the hub any more."""


@dataclass(frozen=True, slots=True)
class Hub:
    """A hub as one reader sees it. `pause` waits so many seconds, and raises Stopped when somebody wants it to end."""

    endpoint: str
    name: HubName
    http: httpx.Client
    has_token: bool
    pause: Callable[[float, str], None]

    def told(self) -> Any:
        """What the hub tells of the model's files at the revision that was asked for."""
        revision = quote(self.name.revision or "main", safe="")
        address = f"{self.endpoint}/api/models/{self.name.id}/revision/{revision}"
        with self.asked(address, silences=AT_FIRST, params={"blobs": "true"}) as answer:
            try:
                answer.read()
                return answer.json()
            except ValueError as error:
                raise RecipeError("The hub's answer cannot be read.", fix="Check HF_ENDPOINT.") from error

    def address(self, revision: str, file: str) -> str:
        return f"{self.endpoint}/{self.name.id}/resolve/{revision}/{quote(file)}"

    @contextmanager
    def asked(self, address: str, *, silences: int = PATIENCE, **request: Any) -> Iterator[httpx.Response]:
        """A good answer, its body still to be read; a busy or silent hub is asked again after a pause."""
        tries = 0
        while True:
            tries += 1
            try:
                sent = self.http.send(self.http.build_request("GET", address, **request), stream=True)
            except httpx.HTTPError as error:
                if tries >= silences or isinstance(error, httpx.TooManyRedirects | httpx.UnsupportedProtocol):
                    raise self.unreachable(error) from None  # an address may be signed, which no log should hold
                self.pause(2.0 ** (tries - 1), "The hub does not answer; it is asked again")
                continue
            if sent.status_code not in BUSY or tries >= PATIENCE:
                break
            sent.close()
            self.pause(_pause(sent.headers, tries), "The hub asks to wait a moment")
        try:
            if sent.status_code >= 400:
                raise self.refusal(sent)
            yield sent
        finally:
            sent.close()

    def unreachable(self, error: httpx.HTTPError) -> RecipeError:
        host = urlsplit(self.endpoint).netloc
        why = "it did not answer in time" if isinstance(error, httpx.TimeoutException) else "there is no connection"
        return RecipeError(f"The hub at {host} cannot be reached: {why}.", fix=OFFLINE)

    def refusal(self, answer: httpx.Response) -> RecipeError:
        """Why the hub does not give what was asked for, and what to do about it."""
        status, code = answer.status_code, answer.headers.get("x-error-code", "")
        said = answer.headers.get("x-error-message", "")
        if code == "GatedRepo" or (status == 403 and "gated" in said.lower()):
            return self._gated()
        if status == 401 and self.has_token and code != "RepoNotFound":
            return RecipeError(
                "The hub does not accept the token in HF_TOKEN.",
                fix="Make a new one with read access, set HF_TOKEN to it where the studio is started, and restart it.",
            )
        if "/resolve/" in str(answer.request.url) and code in ("RevisionNotFound", "EntryNotFound"):
            said = f"The hub no longer has the state of {self.name.id} that was being downloaded."
            return Gone(said, fix="Start it again: it then takes the state of today.")
        if code == "RevisionNotFound":
            return RecipeError(
                f"{self.name.id} has no revision {self.name.revision or 'main'}.",
                fix="Leave the revision out for the newest, or look it up on the model's page.",
            )
        if answer.history:  # another host than the hub keeps the file, and speaks of itself
            return RecipeError(
                f"The hub's store does not give {self.name.id} (status {status}).", fix=f"Try later. {KEPT}"
            )
        if status in (401, 404):
            return RecipeError(
                f"The hub shows no model called {self.name.id}.",
                fix="Check the name. A private one needs HF_TOKEN, set where the studio is started.",
            )
        if status == 403:
            return RecipeError(
                f"The hub does not let this reader have {self.name.id}.", fix="Ask its maker for access."
            )
        if status == 429:
            return RecipeError("The hub asks for fewer questions in a time.", fix=f"Wait some minutes. {KEPT}")
        return RecipeError(f"The hub does not answer as it should (status {status}).", fix=f"Try later. {KEPT}")

    def _gated(self) -> RecipeError:
        page = f"{self.endpoint}/{self.name.id}"
        if self.has_token:
            return RecipeError(
                f"The account of HF_TOKEN has no access to {self.name.id} yet: its maker's terms come first.",
                fix=f"Accept them on {page}; some makers take days to let people in.",
            )
        return RecipeError(
            f"{self.name.id} is given only to people who have accepted its maker's terms.",
            fix=f"Accept them on {page}, make a token with read access in your account there, set HF_TOKEN to it where "
            "the studio is started, and restart the studio.",
        )


@contextmanager
def opened(
    name: HubName, *, endpoint: str, environ: Mapping[str, str], pause: Callable[[float, str], None]
) -> Iterator[Hub]:
    """The hub at `endpoint` for this model, with the token from the environment where that can be sent in secret."""
    token = environ.get("HF_TOKEN", "").strip() if may_see_token(endpoint) else ""
    headers = {"User-Agent": f"assay-studio/{__version__}", "Accept-Encoding": "identity"}
    if token:
        headers["Authorization"] = f"Bearer {token}"  # dropped by the client at the first step to another host
    with httpx.Client(headers=headers, timeout=TIMEOUT, follow_redirects=True) as http:
        yield Hub(endpoint, name, http, has_token=bool(token), pause=pause)


def _pause(headers: httpx.Headers, tries: int) -> float:
    """Seconds to wait: as many as the hub says, else twice as long each time."""
    said = headers.get("retry-after", "").strip()
    return min(float(said), LONGEST_PAUSE) if said.isdigit() else 2.0 ** (tries - 1)


def pausing(should_stop: Callable[[], bool], tell: Callable[[str], None]) -> Callable[[float, str], None]:
    """A pause that says what it waits for and ends with Stopped as soon as somebody wants it to."""

    def pause(seconds: float, why: str) -> None:
        until = time.monotonic() + seconds
        tell(f"{why} ({max(1, round(seconds))} s); it goes on by itself.")
        while (left := until - time.monotonic()) > 0:
            if should_stop():
                raise Stopped
            time.sleep(min(left, 0.1))
        tell("")

    return pause

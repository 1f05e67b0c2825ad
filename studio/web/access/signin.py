"""Signing in with a name and a password, also while others try very many of them."""

import logging
import time
from functools import partial

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from studio.domain.access import Mode
from studio.domain.errors import AccessError
from studio.flows import signing
from studio.flows.known import Known
from studio.flows.studio import Studio
from studio.web.access import cookies, pages
from studio.web.access.line import Full, Lately, Line
from studio.web.access.pressing import address_of, answered, device_of
from studio.web.access.within import within

PATH, KNOWN = "/signin", "known"
KNOWN_FOR = 90 * 24 * 3600  # seconds
# A password is checked in a fifth of a second on a slow core: so many wait for about as many seconds.
WAITING, WITHIN = 24, 6.0
CROWDED = signing.TooManyTries("Very many people sign in at this moment.", fix="Try again in a few seconds.")
SOON, A_MINUTE = "5", "60"  # seconds after which to try again

log = logging.getLogger(__name__)


def add_sign_in(routes: APIRouter, studio: Studio, known: Known) -> None:
    """The form, and the try of a password: one after the other, and who was here before or tried least comes first.

    Whoever gets no turn is told at once; by then nobody has looked whether there is such a name.
    """
    line, lately, flood, own = Line(most=WAITING), Lately(), Flood(), CapacityLimiter(1)

    @routes.get(PATH)
    def ask(next: str = "") -> Response:
        return answered(pages.sign_in(back=within(next)))

    @routes.post(PATH)
    async def sign_in(request: Request) -> Response:  # it reads the form itself: a flood is nothing but this
        name, password, next = await _said(request, "name", "password", "next")
        address = address_of(request)
        browser = known.number(cookies.kept(request.scope, KNOWN, path=PATH), name)
        tried = 0 if browser else lately.tried(address)
        if tried > signing.BY_ADDRESS:
            return _refused(signing.too_many(), name, next, 429, A_MINUTE)
        try:
            async with line.turn(tried, within=None if browser else WITHIN):
                trying = partial(signing.sign_in, studio, name, password, address=address, browser=browser)
                person, given = await to_thread.run_sync(partial(trying, device=device_of(request)), limiter=own)
        except Full:
            flood.refused()
            return _refused(CROWDED, name, next, 429, SOON)
        except signing.TooManyTries as error:
            return _refused(error, name, next, 429, A_MINUTE)
        except AccessError as error:
            return _refused(error, name, next, 401)
        answer = RedirectResponse(within(next), status_code=303)
        cookies.give(answer, request.scope, given, Mode.PASSWORD)
        if not browser:
            remember(answer, request, known.give(person.name))
        return answer


async def _said(request: Request, *fields: str) -> list[str]:
    """What the form says in these fields; nothing where it leaves one out."""
    async with request.form(max_files=0) as form:
        return [said if isinstance(said := form.get(field), str) else "" for field in fields]


def remember(answer: Response, request: Request, known: str) -> None:
    """Let the browser be told from a stranger's when somebody signs in there anew."""
    cookies.keep(answer, request.scope, KNOWN, known, lasts=KNOWN_FOR, path=PATH)


class Flood:
    """Told in the log, once a minute, for as long as more try than get a turn."""

    def __init__(self) -> None:
        self._since, self._refused = float("-inf"), 0

    def refused(self) -> None:
        self._refused += 1
        if time.monotonic() - self._since > 60:
            log.warning("sign-ins get no turn, because very many are tried at once; so far %d", self._refused)
            self._since = time.monotonic()


def _refused(error: AccessError, name: str, back: str, status: int, again_in: str = "") -> Response:
    answer = answered(pages.sign_in(wrong=error.sentence, name=name, back=within(back)), status)
    if again_in:
        answer.headers["Retry-After"] = again_in
    return answer

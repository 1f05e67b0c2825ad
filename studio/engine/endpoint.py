"""Endpoint: ask a model behind an OpenAI-compatible address, and say in one sentence why it does not answer.

The key goes to that one host alone: redirects are not followed, it stands in no error, and where a reply repeats it, it
is struck out.
"""

import asyncio
import email.utils
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import orjson

from studio import __version__
from studio.domain.errors import StudyError
from studio.domain.judge import Endpoint
from studio.domain.opinion import Failure
from studio.engine.refusal import (
    NO_CREDIT,
    NO_KEY,
    NO_MODEL,
    NO_SYSTEM,
    TOO_LONG,
    Refusal,
    hidden_status,
    refusal_of,
)

CONNECT_WITHIN = 10.0  # seconds
ANSWER_WITHIN = 120.0
PATIENCE = 5  # how often one question is asked while the endpoint is busy or silent
LONGEST_PAUSE = 120.0
LARGEST_ANSWER = 2_000_000  # bytes
LONGEST_TOLD = 200
BUSY = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
LIMITS = ("max_tokens", "max_completion_tokens")  # one setting by its older and by its newer name
KEPT = "What it said so far is kept: start it again to go on from there."


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for one question: text, or why there is none; `detail` is what the endpoint said of it."""

    text: str = ""
    was_cut_off: bool = False
    tokens_in: int = 0
    tokens_out: int = 0
    failure: Failure | None = None
    detail: str = ""


class _Again(Exception):
    """It may answer later; the words say what it did instead, `pause` how long it asks to be left alone."""

    def __init__(
        self, why: str, *, pause: float | None = None, is_limit: bool = False, was_silent: bool = False
    ) -> None:
        super().__init__(why)
        self.pause = pause
        self.is_limit = is_limit
        self.was_silent = was_silent


@dataclass
class Asker:
    """One endpoint as one reader sees it. `pause` waits so many seconds and may say why.

    `settings` are those that it takes: what it refuses is left out from then on, and told by `note`.
    """

    judge: Endpoint
    http: httpx.AsyncClient
    key: str
    pause: Callable[[float, str], Awaitable[None]]
    note: Callable[[str], None]
    most_tokens: int
    settings: dict[str, Any] = field(init=False)
    takes_system: bool = True
    has_answered: bool = False

    def __post_init__(self) -> None:
        self.settings = {
            "temperature": 0,
            "max_tokens": self.most_tokens,
            "response_format": {"type": "json_object"},
        }

    async def ask(self, instructions: str, material: str) -> Answer:
        """The answer to one question; StudyError where this endpoint will not answer any."""
        tries = 0
        while True:
            tries += 1
            try:
                answer = await self._once(self._messages(instructions, material))
            except _Again as again:
                is_long = again.is_limit and (again.pause or 0) > LONGEST_PAUSE
                if not is_long and tries < PATIENCE and not (again.was_silent and tries > 1 and not self.has_answered):
                    await self.pause(_pause(again, tries), f"{self.judge.host} {again}; it is asked again")
                    continue
                if again.is_limit or not self.has_answered:
                    raise self._given_up(again) from None
                return Answer(failure=Failure.UNREACHED, detail=str(again))
            if answer is not None:
                self.has_answered = True
                return answer

    def _messages(self, instructions: str, material: str) -> list[dict[str, str]]:
        """Rules and material apart, or in one turn where the model knows no turn of the system."""
        if not self.takes_system:
            return [{"role": "user", "content": f"{instructions}\n\n{material}"}]
        return [{"role": "system", "content": instructions}, {"role": "user", "content": material}]

    async def _once(self, messages: list[dict[str, str]]) -> Answer | None:
        """One try; None where a setting was refused and has been left out."""
        sent = dict(self.settings)
        status, headers, body = await self._sent({"model": self.judge.model, "messages": messages, **sent})
        status = (hidden_status(body) or status) if status == 200 else status
        refusal = refusal_of(body) if status >= 400 else Refusal("", "")
        if status == 429 and refusal.speaks_of(NO_CREDIT):
            raise self._refusal(402)
        if status in BUSY:
            why = "asks for fewer requests" if status == 429 else f"answers with status {status}"
            raise _Again(why, pause=_asked_pause(headers), is_limit=status == 429)
        if 300 <= status < 400:
            raise self._sends_on(headers)
        if status in (400, 413, 422):
            return self._refused(refusal, sent, had_system=len(messages) > 1)
        if status != 200:
            raise self._refusal(status)
        return self._read(headers, body)

    async def _sent(self, question: dict[str, Any]) -> tuple[int, httpx.Headers, bytes]:
        """Status, headers and the whole body, all within the time for one answer."""
        address = f"{self.judge.base}/chat/completions"
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                async with self.http.stream("POST", address, json=question) as answer:
                    body = bytearray()
                    async for piece in answer.aiter_bytes():
                        body += piece
                        if len(body) > LARGEST_ANSWER:
                            raise StudyError(
                                f"{self.judge.host} answers with more than any judge says.",
                                fix="Check the address: this is no endpoint of a chat model.",
                            )
                    return answer.status_code, answer.headers, bytes(body)
        except (TimeoutError, httpx.TimeoutException):
            raise _Again("did not answer in time", was_silent=True) from None
        except (httpx.UnsupportedProtocol, httpx.InvalidURL):
            raise self._unreachable("the address is none") from None
        except httpx.ConnectError:
            raise _Again("cannot be reached", was_silent=True) from None
        except httpx.HTTPError:  # its words may hold an address or a header
            raise _Again("broke off its answer") from None

    def _read(self, headers: httpx.Headers, body: bytes) -> Answer:
        """The text of a good answer; what is no JSON at all is no endpoint, unless it has answered well before."""
        try:
            told = orjson.loads(body)
            choice = told["choices"][0]
            text, ended = _text(choice["message"].get("content")), choice.get("finish_reason")
            refused = choice["message"].get("refusal")
        except (orjson.JSONDecodeError, KeyError, IndexError, TypeError, AttributeError):
            if self.has_answered or "json" in headers.get("content-type", ""):
                raise _Again("answers with something that is no chat completion") from None
            raise self._no_endpoint() from None
        usage = told.get("usage") if isinstance(told.get("usage"), dict) else {}
        if not text and ended == "error":
            raise _Again("broke off its answer")
        is_refused = not text and (bool(refused) or ended == "content_filter")
        why = self.without_key(refused)[:LONGEST_TOLD] if isinstance(refused, str) else ""
        return Answer(
            text=self.without_key(text),
            was_cut_off=ended == "length",
            failure=Failure.REFUSED if is_refused else None,
            detail=why if is_refused else "",
            tokens_in=_number(usage.get("prompt_tokens")),
            tokens_out=_number(usage.get("completion_tokens")),
        )

    def _refused(self, refusal: Refusal, sent: dict[str, Any], *, had_system: bool) -> Answer | None:
        """Leave out the setting that it does not take; where none is to blame, it is this pair that it refuses."""
        said = self.without_key(refusal.said)[:LONGEST_TOLD]  # struck out first, so that no part of a key is left
        if refusal.speaks_of(NO_KEY):
            raise self._refusal(401)
        if refusal.speaks_of(NO_MODEL):
            raise self._refusal(404)
        if refusal.speaks_of(TOO_LONG):
            return Answer(failure=Failure.TOO_LONG, detail=said)
        named = _named(refusal.said.lower(), sent)
        if named is None and had_system and refusal.speaks_of(NO_SYSTEM):
            self.takes_system = False
            return None
        # Where it names none, the one that fewest know is to blame, unless it has been taken before.
        named = named or ("response_format" if not self.has_answered else "")
        if named not in sent:
            return Answer(failure=Failure.REFUSED, detail=said)
        if self.settings.get(named) == sent[named]:
            del self.settings[named]
            if named == "max_tokens":
                self.settings["max_completion_tokens"] = self.most_tokens
            if named == "temperature":
                self.note("This judge does not take temperature 0: asked again, it may say something else.")
        return None

    def without_key(self, text: str) -> str:
        """A text of the endpoint's, as it may be kept."""
        kept = text.replace(self.key, "[key]") if self.key else text
        return kept.encode(errors="replace").decode()

    def _refusal(self, status: int) -> StudyError:
        host, variable = self.judge.host, self.judge.key_variable
        if status in (401, 403) and not self.key:
            return StudyError(
                f"{host} wants a key.",
                fix=f"Set {variable} where the studio is started, and restart it."
                if self.judge.may_see_key
                else "Use its https address: a key is not sent over a connection that others can read.",
            )
        if status == 401:
            return StudyError(
                f"{host} does not accept the key in {variable}.",
                fix=f"Set {variable} to a key of that host where the studio is started, and restart it.",
            )
        if status == 403:
            return StudyError(
                f"{host} does not let the key in {variable} use {self.judge.model}.", fix="Choose another model or key."
            )
        if status == 404:
            return StudyError(
                f"{host} knows no model {self.judge.model}, or no chat completions at this address.",
                fix="Name the model as the endpoint lists it; the address often ends in /v1.",
            )
        if status == 402:
            return StudyError(f"The account at {host} has no credit left.", fix=f"Top it up. {KEPT}")
        return StudyError(
            f"{host} does not answer as an endpoint should (status {status}).", fix=f"Check the address. {KEPT}"
        )

    def _sends_on(self, headers: httpx.Headers) -> StudyError:
        try:
            there = httpx.URL(headers.get("location", "")).host
        except httpx.InvalidURL:
            there = ""
        to = f" ({there[:100]})" if there and there.isprintable() else ""
        return StudyError(
            f"{self.judge.host} sends on to another address{to}. Nothing was sent there, neither texts nor a key.",
            fix="If you trust that address, enter it as the endpoint.",
        )

    def _no_endpoint(self) -> StudyError:
        return StudyError(
            f"{self.judge.host} does not answer with JSON, so it is no OpenAI-compatible endpoint.",
            fix="Check the address: it often ends in /v1.",
        )

    def _given_up(self, again: _Again) -> StudyError:
        if again.is_limit:
            pause = again.pause or 0
            wait = f"at least {pause / 60:,.0f} min" if pause > LONGEST_PAUSE else "a while"
            return StudyError(f"{self.judge.host} asks for fewer requests.", fix=f"Wait {wait}. {KEPT}")
        return self._unreachable(str(again))

    def _unreachable(self, why: str) -> StudyError:
        return StudyError(
            f"No judge answers: {self.judge.host} {why}.", fix=f"Check the address and the network. {KEPT}"
        )


def client(judge: Endpoint, key: str) -> httpx.AsyncClient:
    """A client that follows no redirect and goes past any proxy to a program on this machine."""
    headers = {"User-Agent": f"assay-studio/{__version__}"}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    timeout = httpx.Timeout(ANSWER_WITHIN, connect=CONNECT_WITHIN)
    return httpx.AsyncClient(headers=headers, timeout=timeout, follow_redirects=False, trust_env=not judge.is_here)


def key_of(judge: Endpoint, environ: Any) -> str:
    """The judge's key where one is set and may be sent; StudyError where it cannot be one."""
    key = environ.get(judge.key_variable, "").strip() if judge.may_see_key else ""
    if not key.isascii() or not key.isprintable() or " " in key:
        raise StudyError(
            f"What {judge.key_variable} holds is no key.",
            fix="Set it anew, without quotes or line breaks, and restart.",
        )
    return key


def _pause(again: _Again, tries: int) -> float:
    """Seconds to wait: as many as it asks for, else twice as long each time."""
    return min(again.pause if again.pause is not None else 2.0 ** (tries - 1), LONGEST_PAUSE)


def _asked_pause(headers: httpx.Headers) -> float | None:
    """What Retry-After says: seconds, or a moment; some hosts say it in thousandths of a second as well."""
    exact = headers.get("retry-after-ms", "").strip()
    if exact.replace(".", "", 1).isdigit() and exact.isascii():
        return float(exact) / 1000
    said = headers.get("retry-after", "").strip()
    if said.replace(".", "", 1).isdigit() and said.isascii():
        return float(said)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(said).timestamp() - time.time())
    except (TypeError, ValueError):
        return None


def _text(content: Any) -> str:
    """An answer that came whole or in parts; a part that holds the model's thinking is no part of the answer."""
    if isinstance(content, list):
        parts = [each for each in content if isinstance(each, dict) and each.get("type") in ("text", "output_text")]
        return "".join(each["text"] for each in parts if isinstance(each.get("text"), str))
    return content if isinstance(content, str) else ""


def _named(said: str, sent: dict[str, Any]) -> str | None:
    """The setting of those sent that a refusal names, the limit by either of its names."""
    if any(name in said for name in LIMITS) and (limit := next((name for name in LIMITS if name in sent), None)):
        return limit
    return next((name for name in sent if name in said), None)


def _number(value: Any) -> int:
    return value if type(value) is int and 0 <= value < 10**9 else 0

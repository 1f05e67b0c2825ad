"""Refusal: what an endpoint says of why it does not answer; hosts that speak alike put it in very different forms."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

# Where hosts write it: {"error": {…}}, {"error": "…"}, [{"error": {…}}], {"message": …}, {"detail": [{"loc", "msg"}]}.
SAYING = ("message", "msg", "error", "errors", "detail", "param", "loc", "metadata", "raw")
CODED = ("error", "errors", "message", "code", "type")
TOO_LONG = re.compile(r"context[ _-]?.{0,20}(length|window|size)|maximum.{0,20}context|too many (input )?tokens")
NO_CREDIT = re.compile(r"insufficient.{0,10}(quota|credit|balance|funds)|billing_hard_limit|credit.{0,30}too low")
NO_KEY = re.compile(r"api.?key.{0,20}(not valid|invalid|incorrect)|(invalid|incorrect).{0,20}api.?key")
NO_MODEL = re.compile(r"model_not_found|invalid_model|invalid model\b|model.{0,80}(does not exist|not found)")
NO_SYSTEM = re.compile(r"system.{0,20}(role|message|instruction)|role.{0,40}system")


@dataclass(frozen=True, slots=True)
class Refusal:
    """What was said, for people, with the fields it names; `code` is what it is called, for programs."""

    said: str
    code: str

    def speaks_of(self, what: re.Pattern[str]) -> bool:
        return what.search(f"{self.said} {self.code}".lower()) is not None


def refusal_of(body: bytes) -> Refusal:
    """What an answer that is none says; nothing where that is no JSON."""
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError:
        return Refusal("", "")
    return Refusal(" ".join(" ".join(_words(told, SAYING)).split()), " ".join(_words(told, CODED)))


def hidden_status(body: bytes) -> int | None:
    """The status of an error that came as a success; 502 where it tells none; None where it is no error."""
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(told, Mapping) or not told.get("error") or told.get("choices"):
        return None
    code = str(told["error"].get("code")) if isinstance(told["error"], Mapping) else ""
    return int(code) if code.isdecimal() and 400 <= int(code) < 600 else 502


def _words(value: Any, names: tuple[str, ...]) -> Iterator[str]:
    """All texts under these names, at whatever depth."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from _words(each, names)
    elif isinstance(value, Mapping):
        for name in names:
            yield from _words(value.get(name), names)

"""Judge: a model that can be asked for an opinion, behind an address or of this workspace."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

from studio.domain.errors import StudyError

DEFAULT_KEY = "STUDIO_JUDGE_KEY"
# Whoever names a variable has its value sent to a host that they name as well, so no other secret may be named.
KEY_NAMES = re.compile(rf"{DEFAULT_KEY}(_[A-Z0-9_]{{1,40}})?")
LOOPBACK = ("127.0.0.1", "localhost", "::1")
LONGEST_MODEL = 200


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A judge that speaks the chat completions of OpenAI; `key_variable` names where its key is, never the key.

    Prices are per million tokens, in whatever currency; None where nobody entered them.
    """

    base: str
    model: str
    key_variable: str = DEFAULT_KEY
    price_in: float | None = None
    price_out: float | None = None

    @property
    def title(self) -> str:
        return f"{self.model} at {self.host}"

    @property
    def host(self) -> str:
        return urlsplit(self.base).netloc

    @property
    def is_here(self) -> bool:
        """Whether it is a program on this machine."""
        return urlsplit(self.base).hostname in LOOPBACK

    @property
    def may_see_key(self) -> bool:
        """Whether a key can be sent there without others reading it on the way."""
        return self.is_here or urlsplit(self.base).scheme == "https"

    @property
    def identity(self) -> dict[str, str]:
        """What makes it another judge; kept with each of its replies."""
        return {"kind": "endpoint", "base": self.base, "model": self.model}


@dataclass(frozen=True, slots=True)
class LocalJudge:
    """A judge that is a model of this workspace, by its id and its folder."""

    model: str
    folder: str

    @property
    def title(self) -> str:
        return f"{self.model} on this machine"

    @property
    def identity(self) -> dict[str, str]:
        return {"kind": "local", "model": self.model}


Judge = Endpoint | LocalJudge


def endpoint(
    address: str,
    model: str,
    *,
    key_variable: str = DEFAULT_KEY,
    price_in: float | None = None,
    price_out: float | None = None,
) -> Endpoint:
    """The judge at an address as people copy it; StudyError with the field where that cannot be one."""
    base = address.strip().rstrip("/").removesuffix("/chat/completions").rstrip("/")
    parts = _parts(base)
    if parts.username or parts.password or parts.query or parts.fragment:
        raise StudyError(
            "The address holds more than a place, perhaps a key, and it would be kept.",
            fix=f"Leave out what stands before @ and after ?, and put a key into {DEFAULT_KEY}.",
            field="endpoint",
        )
    name, variable = model.strip(), key_variable.strip() or DEFAULT_KEY
    if not name or len(name) > LONGEST_MODEL or not name.isprintable():
        raise StudyError("The judge has no name.", fix="Name the model as its endpoint calls it.", field="model")
    if not KEY_NAMES.fullmatch(variable):
        raise StudyError(
            f"A judge's key is read only from {DEFAULT_KEY}, or from a name that begins with {DEFAULT_KEY}_.",
            fix="Set such a variable where the studio is started: no other secret of this machine can go astray then.",
            field="key_variable",
        )
    for price in (price_in, price_out):
        if price is not None and not 0 <= price < 1e6:
            raise StudyError(
                "This is no price per million tokens.", fix="Enter a number, or leave it out.", field="price"
            )
    return Endpoint(base, name, variable, price_in, price_out)


def _parts(base: str) -> Any:
    wrong = StudyError(
        f"“{base[:100]}” is not the address of an endpoint.",
        fix="Write it as https://host/v1, or http://127.0.0.1:11434/v1 for a program on this machine.",
        field="endpoint",
    )
    try:
        parts = urlsplit(base)
        port = parts.port
    except ValueError as error:
        raise wrong from error
    if (
        parts.scheme not in ("http", "https")
        or not parts.hostname
        or port == 0
        or not base.isprintable()
        or " " in base
    ):
        raise wrong
    return parts


def judge_record(judge: Judge) -> dict[str, Any]:
    """A judge as plain values, for spec.json and the database; there is no key among them."""
    return {"kind": judge.identity["kind"], **asdict(judge)}


def judge_from(record: Mapping[str, Any]) -> Judge:
    values = {name: value for name, value in record.items() if name != "kind"}
    return Endpoint(**values) if record["kind"] == "endpoint" else LocalJudge(**values)

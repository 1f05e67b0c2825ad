"""Names: what a model is called on a hub, and where that hub is."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from studio.domain.errors import RecipeError, SetupError

DEFAULT_ENDPOINT = "https://huggingface.co"
LONGEST = 96
PART = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?")
REVISION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,99}")
LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class HubName:
    """`id` is owner/name; `revision` the branch, tag or commit that was asked for, empty for the newest."""

    id: str
    revision: str = ""

    @property
    def title(self) -> str:
        """What people call the model: its name without its owner, and the revision where one was asked for."""
        name = self.id.partition("/")[2]
        return f"{name} @ {self.revision[:12]}" if self.revision else name


def hub_name(text: str, *, revision: str = "") -> HubName:
    """The model that `owner/name`, `owner/name@revision` or the address of its page names; RecipeError if none."""
    name, _, asked = _without_address(text.strip()).partition("@")
    owner, _, title = name.partition("/")
    is_name = PART.fullmatch(owner) and PART.fullmatch(title) and ".." not in name and "--" not in name
    if not is_name or len(name) > LONGEST or title.endswith(".git"):
        raise RecipeError(
            f"“{text.strip()[:100]}” is not the name of a model on a hub.",
            fix="Write it as owner/name, such as Qwen/Qwen3-0.6B, or give the path of a folder.",
        )
    wanted = revision or asked
    if wanted and (not REVISION.fullmatch(wanted) or ".." in wanted):
        raise RecipeError(
            f"“{wanted[:100]}” is not a revision.", fix="Give a branch, a tag, or a commit of 40 characters."
        )
    return HubName(name, "" if wanted == "main" else wanted)


def endpoint(environ: Mapping[str, str]) -> str:
    """The hub's address: HF_ENDPOINT, or the public one; SetupError where it is none that can be used."""
    address = (environ.get("HF_ENDPOINT") or DEFAULT_ENDPOINT).strip().rstrip("/")
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
        raise SetupError(
            "HF_ENDPOINT is not the plain address of a hub.", fix=f"Set it to an address like {DEFAULT_ENDPOINT}."
        )
    return address


def may_see_token(address: str) -> bool:
    """Whether a token can be sent there without others reading it on the way."""
    parts = urlsplit(address)
    return parts.scheme == "https" or parts.hostname in LOOPBACK


def _without_address(text: str) -> str:
    """A page's address as people copy it, down to owner/name@revision."""
    if not text.startswith(("http://", "https://")):
        return text
    steps = urlsplit(text).path.strip("/").split("/")
    if len(steps) > 3 and steps[2] == "tree":
        return f"{steps[0]}/{steps[1]}@{'/'.join(steps[3:])}"
    return "/".join(steps)

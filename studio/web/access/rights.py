"""Rights: what each address of the web process needs. An address that is not listed is refused to everybody."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from studio.domain.access import Right


class Public(StrEnum):
    """Needs nothing: what is there before anybody is known, and what a link by itself lets in to."""

    EVERYBODY = "everybody"


Needed = Right | Public


@dataclass(frozen=True, slots=True)
class Rule:
    """The methods and the addresses (as a pattern of the whole path) that need one right."""

    methods: str
    pattern: re.Pattern[str]
    needs: Needed


def _rules(needs: Needed, *written: str) -> list[Rule]:
    split = [each.split(" ", 1) for each in written]
    return [Rule(methods, re.compile(pattern), needs) for methods, pattern in split]


# What a page of Gradio fetches before and while it shows anything, and what it sends. Its other addresses (log-ins of
# its own, files by path, other servers through this one, monitoring, streams) are used by nothing here.
_SCRIPTS = (
    "GET|HEAD /(?:assets|static|svelte)/.+", "GET|HEAD /(?:gradio_api/)?theme\\.css", "GET|HEAD /favicon\\.ico",
)  # fmt: skip
_PAGE = (
    "GET /config/?", "GET /gradio_api/info/?", "GET /gradio_api/app_id/?", "GET /gradio_api/startup-events",
    "GET /gradio_api/heartbeat/[\\w-]{1,64}", "GET /gradio_api/queue/(?:data|status)",
)  # fmt: skip
_PRESSES = ("GET|HEAD /", "POST /gradio_api/queue/join", "POST /gradio_api/reset/?", "POST /gradio_api/cancel")
_CALLS = (
    "POST /gradio_api/(?:run|api|call|call/v2)/[^/]+/?", "GET /gradio_api/call/(?:v2/)?[^/]+/[^/]+",
)  # fmt: skip
_UPLOADS = ("POST /gradio_api/upload", "GET /gradio_api/upload_progress")

STUDIO: Sequence[Rule] = (
    *_rules(Public.EVERYBODY, *_SCRIPTS, "GET|HEAD /(?:healthz|readyz)", "GET /healthz/stream", "GET /robots\\.txt"),
    *_rules(Public.EVERYBODY, "GET|POST /signin", "GET /signin/(?:go|back)", "POST /signout(?:/from-provider)?"),
    *_rules(Public.EVERYBODY, "GET|POST /welcome/[^/]+", "GET /open/[^/]+"),
    *_rules(Public.EVERYBODY, "GET|HEAD /verdict/[^/]+(?:/details)?"),
    *_rules(
        Right.LOOK,
        *_PAGE,
        *_PRESSES,
        *_CALLS,
        "GET /report/[^/]+",
        "GET /readyz/why",
        "GET /metrics",
        "GET /download/[^/]{1,200}/[^/]{1,200}(?:/[^/]{1,200})?",
    ),
    *_rules(Right.LOOK, "GET /account", "POST /account/[a-z-]+"),
    *_rules(Right.CHANGE, *_UPLOADS),
    *_rules(Right.MANAGE, "GET /team", "GET /team/log\\.csv", "POST /team/[a-z-]+"),
)
# The rating page is the same for everybody until a link says what is to be judged, and its browser keeps no cookie: the
# link stands in the address of the page, and in that of every press on it.
RATING: Sequence[Rule] = (
    *_rules(Public.EVERYBODY, *_SCRIPTS, *_PAGE),
    *_rules(Right.RATE, *_PRESSES, "POST /gradio_api/run/predict"),
)
EVENT = re.compile(r"/gradio_api/(?:queue/join|(?:run|api|call/v2|call)/([^/]+)/?)")
RATE, ACCOUNT = "/rate", "/account"
PRESSED = f"{RATE}/gradio_api/run/predict"  # an event that is named in what is sent, as in the queue


def needed(method: str, path: str) -> Needed | None:
    """What a request needs; None where nobody is answered there."""
    rules, inner = (RATING, path.removeprefix(RATE) or "/") if is_rating(path) else (STUDIO, path)
    return next((rule.needs for rule in rules if _meets(rule, method, inner)), None)


def is_own(path: str) -> bool:
    """Whether this is about oneself alone: there whoever may look may also write, and no program is let in."""
    return path == ACCOUNT or path.startswith(f"{ACCOUNT}/")


def is_rating(path: str) -> bool:
    return path == RATE or path.startswith(f"{RATE}/")


def _meets(rule: Rule, method: str, path: str) -> bool:
    return method in rule.methods.split("|") and rule.pattern.fullmatch(path) is not None

"""Dataset: an immutable, fingerprinted version of the uploaded rows."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from studio.domain.mending import Mending, Step


class Layout(StrEnum):
    """How the rows of a file are written."""

    MESSAGES = "messages"
    PROMPT_COMPLETION = "prompt_completion"
    INSTRUCTION_RESPONSE = "instruction_response"


LAYOUT_TITLES = {
    Layout.MESSAGES: "Conversations (messages)",
    Layout.PROMPT_COMPLETION: "Prompt and completion",
    Layout.INSTRUCTION_RESPONSE: "Instruction and response",
}


@dataclass(frozen=True, slots=True)
class Mapping:
    """Which field of the file plays which part.

    `fields` maps a part to a field name; the parts are `messages` for conversations, `prompt` and `completion`,
    or `instruction`, `input` (optional) and `response`; `system` is optional for the last two.
    """

    layout: Layout
    fields: dict[str, str]


@dataclass(frozen=True, slots=True)
class Guess:
    """The mapping that fits most rows of the file, with the reason in words and what else is possible."""

    mapping: Mapping
    reason: str
    columns: tuple[str, ...]
    fits: int
    seen: int


@dataclass(frozen=True, slots=True)
class Reject:
    """A line that could not become a row: where, why and what to do.

    `repair` names the kind of repair that would make a row of it, where there is a safe one, and `repaired` is what the
    line would then say; both are empty where a person has to mend it.
    """

    line: int
    reason: str
    fix: str
    column: int | None = None
    field: str | None = None
    text: str = ""
    repair: str = ""
    repaired: str = ""


@dataclass(frozen=True, slots=True)
class Dataset:
    """What is known of one version of an upload; until it has been read, little more than the `share_read` so far.

    `root` is the id of its first version, `step` what made this one of its `parent`, and `edited` how many of its rows
    have other texts than the file.
    """

    id: str
    name: str
    source_name: str
    created_at: datetime
    state: str
    job_id: str
    bytes: int
    fingerprint: str = ""
    rows: int = 0
    rejects: int = 0
    lines: int = 0
    blank_lines: int = 0
    guess: Guess | None = None
    sample: str | None = None
    problem: str = ""
    reject_reasons: dict[str, int] = field(default_factory=dict)
    share_read: float = 0.0
    root: str = ""
    parent: str | None = None
    version: int = 1
    step: Step | None = None
    mending: Mending = field(default_factory=Mending)
    edited: int = 0

    @property
    def title(self) -> str:
        """Its name, and which version it is where there are several."""
        return self.name if self.version == 1 else f"{self.name} (version {self.version})"

    @property
    def is_ready(self) -> bool:
        return self.state == "done" and self.rows > 0

    @property
    def is_being_read(self) -> bool:
        return self.state in ("queued", "running")

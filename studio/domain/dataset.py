"""Dataset: an immutable, fingerprinted version of the uploaded rows."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from studio.domain.excerpt import Excerpt
from studio.domain.mending import Mending, Step


class Layout(StrEnum):
    """How the rows of a file are written."""

    MESSAGES = "messages"
    PROMPT_COMPLETION = "prompt_completion"
    INSTRUCTION_RESPONSE = "instruction_response"
    PREFERENCE = "preference"
    TEXT = "text"


LAYOUT_TITLES = {
    Layout.MESSAGES: "Conversations (messages)",
    Layout.PROMPT_COMPLETION: "Prompt and completion",
    Layout.INSTRUCTION_RESPONSE: "Instruction and response",
    Layout.PREFERENCE: "Preference pairs (chosen and rejected)",
    Layout.TEXT: "Plain text",
}


@dataclass(frozen=True, slots=True)
class Parts:
    """What a field can be in one layout: parts that every row needs, and parts that it may have."""

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        return self.required + self.optional


PARTS = {
    Layout.MESSAGES: Parts(("messages",), ("system", "tools")),
    Layout.PROMPT_COMPLETION: Parts(("prompt", "completion"), ("system", "tools")),
    Layout.INSTRUCTION_RESPONSE: Parts(("instruction", "response"), ("input", "system", "tools")),
    Layout.PREFERENCE: Parts(("chosen", "rejected"), ("prompt", "input", "system", "tools")),
    Layout.TEXT: Parts(("text",)),
}
PART_TITLES = {
    "messages": "The conversation",
    "prompt": "What was asked",
    "completion": "The answer",
    "instruction": "The instruction",
    "input": "Input below the instruction",
    "response": "The answer",
    "chosen": "The better answer (chosen)",
    "rejected": "The worse answer (rejected)",
    "text": "The text",
    "system": "System message",
    "tools": "Descriptions of tools",
}


@dataclass(frozen=True, slots=True)
class Mapping:
    """Which field of the file plays which part: `fields` maps the parts of the layout (PARTS) to field names."""

    layout: Layout
    fields: dict[str, str]


class Origin(StrEnum):
    """Where a mapping comes from."""

    GUESSED = "guessed"
    CHOSEN = "chosen"
    REMEMBERED = "remembered"


@dataclass(frozen=True, slots=True)
class Guess:
    """The mapping that a file was read with: the one that fits most rows, a person's own, or their last one.

    `reason` says in words why; `fits` of the `seen` rows have what it asks for.
    """

    mapping: Mapping
    reason: str
    columns: tuple[str, ...]
    fits: int
    seen: int
    origin: Origin = Origin.GUESSED


@dataclass(frozen=True, slots=True)
class Reject:
    """A line that could not become a row: where, why and what to do.

    A line of a sheet has a `cell`, such as B3, instead of a column. `excerpt` is the line as written around that place,
    where there is one; `text` is the beginning of the row.
    `repair` names the kind of repair that would make a row of it, where there is a safe one, and `repaired` is what the
    line would then say; both are empty where a person has to mend it.
    """

    line: int
    reason: str
    fix: str
    column: int | None = None
    field: str | None = None
    excerpt: Excerpt | None = None
    text: str = ""
    repair: str = ""
    repaired: str = ""
    cell: str = ""

    @property
    def place(self) -> str:
        """Where it stands, in words."""
        within = f", cell {self.cell}" if self.cell else f", column {self.column:,}" if self.column else ""
        return f"line {self.line:,}{within}"


TEXT_TRAINING = "Plain text is learned word for word; it asks nothing, so nothing of it can be compared blind."


def titled(name: str, version: int) -> str:
    """The name of a dataset, and which version it is where there are several."""
    return name if version == 1 else f"{name} · version {version}"


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
    seconds_left: float | None = None
    columns: tuple[str, ...] = ()
    root: str = ""
    parent: str | None = None
    version: int = 1
    step: Step | None = None
    mending: Mending = field(default_factory=Mending)
    edited: int = 0

    @property
    def title(self) -> str:
        return titled(self.name, self.version)

    @property
    def is_text(self) -> bool:
        """Whether its rows are plain texts, of which every word is learned."""
        return self.guess is not None and self.guess.mapping.layout is Layout.TEXT

    @property
    def is_of_pairs(self) -> bool:
        """Whether its rows have a better and a worse answer."""
        return self.guess is not None and self.guess.mapping.layout is Layout.PREFERENCE

    @property
    def is_ready(self) -> bool:
        return self.state == "done" and self.rows > 0

    @property
    def is_being_read(self) -> bool:
        return self.state in ("queued", "running")

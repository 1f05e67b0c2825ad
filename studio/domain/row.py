"""Row: one example in canonical messages form, with the line it came from."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Row:
    """One example. `number` is its place among the good rows (from 0), `line` its line in the file (from 1).

    `rejected` is the end that was judged worse than the end of `messages`, for rows that are preference pairs.
    """

    number: int
    line: int
    messages: tuple[Message, ...]
    rejected: tuple[Message, ...] = ()

    @property
    def prompt(self) -> tuple[Message, ...]:
        """Everything before the last answer: what a model is asked."""
        return self.messages[:-1]

    @property
    def question(self) -> str:
        """The last thing that the user says, for lists and previews."""
        return next((m.content for m in reversed(self.prompt) if m.role == "user"), "")

    @property
    def answer(self) -> str:
        """The last answer: what a model should say."""
        return self.messages[-1].content

"""Roles: turns written inside a message, and system messages in some rows alone.

A wrong order of the messages themselves cannot occur: such lines are refused when the file is read.
"""

import re

from studio.data.checks.gathering import Gathered
from studio.data.checks.habits import MINORITY, SAMPLE
from studio.data.checks.lists import holds_any
from studio.data.checks.places import Span, marks_of
from studio.domain.finding import Finding, FindingKind
from studio.domain.row import Row

INSIDE = "a turn is written inside a message"
WITHOUT, WITH = "no system message, unlike most", "a system message, unlike most"

_USERS = (
    "User", "USER", "Human", "HUMAN", "Nutzer", "Nutzerin", "Benutzer", "Utilisateur", "Usuario", "Usuário", "Utente",
    "Gebruiker", "Użytkownik", "Пользователь", "用户", "使用者", "ユーザー",
)  # fmt: skip
_ASSISTANTS = (
    "Assistant", "ASSISTANT", "AI", "Bot", "BOT", "Chatbot", "ChatGPT", "GPT", "KI", "Assistent", "Assistentin",
    "Asistente", "Assistente", "Asystent", "Ассистент", "Помощник", "助手", "助理", "アシスタント",
)  # fmt: skip
_NAMES = r"^[ \t]*(?:[*_]{{1,2}}|\[)?(?:{names})(?:[*_]{{1,2}}|\])?[ \t]?[:：>](?:[*_]{{1,2}})?(?=\s|$|[^\x00-\u02ff])"
SIGNS = ("##", "<assistant>", "A:", "Answer:", "Response:", *_ASSISTANTS)
_HEADING = re.compile(
    r"^(?:### ?(?:Instruction|Response|Human|Assistant|User|System)\b:?"
    r"|#{2,4} ?(?:Instruction|Response|Human|Assistant|User):"
    r"|### ?(?:Input|Output):[ \t]*$)",
    re.MULTILINE | re.IGNORECASE,
)
_USER_TURN = re.compile(_NAMES.format(names="|".join(_USERS)), re.MULTILINE)
_ASSISTANT_TURN = re.compile(_NAMES.format(names="|".join(_ASSISTANTS)), re.MULTILINE)
# Two turns in one line, and a prompt that ends where an answer is to begin.
_IN_A_LINE = re.compile(
    r"(?<!\w)(?:User|USER|Human|HUMAN): \S[^\n]{0,300}?[.?!…\"')] +(Assistant|ASSISTANT|AI|Bot):(?=\s|$)"
)
_TO_ANSWER = re.compile(
    r"\n[ \t]*(?:[*_]{1,2})?(Assistant|ASSISTANT|AI|Bot):(?:[*_]{1,2})?\s*\Z"
    r"|^Q(?:uestion)?: [^\0]*\n[ \t]*(A(?:nswer)?:)\s*\Z|^Instruction: [^\0]*\n[ \t]*(Response:)"
)
_IN_TAGS = re.compile(
    r"(?:\[(?:USER|User|HUMAN|Human)\]|<(?:user|human)>)[^\0]{1,300}?"
    r"(\[(?:ASSISTANT|Assistant|AI|BOT|Bot)\]|<(?:assistant|ai|bot)>)"
)


class Roles:
    """Rows whose turns are not where a chat model expects them, or not as in the other rows of the file."""

    def __init__(self) -> None:
        self._found = Gathered()
        self._rows = 0

    def add(self, row: Row, *, may_hold_turns: bool = True) -> None:
        self._rows += 1
        if may_hold_turns and (marks := marks_of(row, spans)):
            self._found.add(row, INSIDE, marks=marks)
        self._found.add(row, WITH if row.messages[0].role == "system" else WITHOUT)

    def finding(self) -> Finding | None:
        rare = [
            kind
            for kind in (WITH, WITHOUT)
            if self._rows >= SAMPLE and 0 < self._found.count(kind) < MINORITY * self._rows
        ]
        return self._found.finding(
            FindingKind.ROLE_ORDER,
            one="row has its turns in another way than a chat model expects, or than the other rows",
            many="rows have their turns in another way than a chat model expects, or than the other rows",
            why="A model learns who speaks from the roles alone; a turn in the wrong place confuses it.",
            only=[INSIDE, *rare],
        )


def spans(text: str) -> list[Span]:
    """Where a message holds another turn: under a heading for it, or in a conversation that is written out."""
    if not holds_any(text, SIGNS):
        return []
    found = [Span(*match.span(), INSIDE) for match in _HEADING.finditer(text)]
    # One name alone may be a field of a form; two make a conversation.
    if (asks := _USER_TURN.search(text)) and (answers := _ASSISTANT_TURN.search(text, asks.end())):
        found.append(Span(*answers.span(), INSIDE))
    elif inside := _IN_A_LINE.search(text) or _TO_ANSWER.search(text) or _IN_TAGS.search(text):
        found.append(Span(*inside.span(inside.lastindex or 0), INSIDE))
    return found

"""Form: what the answers of a dataset have in common, in words for a prompt, and whether another answer has it."""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import quantiles

from studio.domain.gate import Labels, SqlResult
from studio.verdict.gates.proposing import infer_schema, propose
from studio.verdict.gates.structured import NotJson, parsed

_LINE = re.compile(r"^\s*([^\W\d][\w /-]{0,40}?)\s*:\s*(\S.*?)\s*$", re.MULTILINE)
_SQL = re.compile(r"\s*(?:SELECT|WITH)\s", re.IGNORECASE)
FEWEST_ALIKE = 5
MOSTLY = 0.9  # of the answers; a few odd ones do not hide the form of the others
KIND_WORDS = {
    "string": "text", "integer": "a whole number", "number": "a number", "boolean": "true or false", "array": "a list",
    "object": "an object", "null": "null",
}  # fmt: skip


class Shape(StrEnum):
    JSON = "json"
    LINES = "lines"
    LABEL = "label"
    SQL = "sql"
    FREE = "free"


@dataclass(frozen=True, slots=True)
class Part:
    """One line or key; `values` are all that it ever held, where these are few, and `kind` is what JSON calls them."""

    name: str
    values: tuple[str, ...] = ()
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """How the answers of a dataset look.

    `words` are the fewest and the most that nine of ten have; `begins` and `ends` are the words that nearly all share.
    """

    shape: Shape
    parts: tuple[Part, ...] = ()
    values: tuple[str, ...] = ()
    words: tuple[int, int] = (1, 1)
    begins: str = ""
    ends: str = ""

    @property
    def title(self) -> str:
        """The form in a few words: what an answer is checked for."""
        names = ", ".join(part.name for part in self.parts)
        match self.shape:
            case Shape.JSON:
                return f"JSON with the keys {names}"
            case Shape.LINES:
                return f"the lines {names}"
            case Shape.LABEL:
                return f"one of {len(self.values)} labels"
            case Shape.SQL:
                return "a query in SQL"
            case Shape.FREE:
                shared = f", beginning “{self.begins}”" * bool(self.begins) + f", ending “{self.ends}”" * bool(
                    self.ends
                )
                return f"a text of {_half(self.words[0])} to {2 * self.words[1]:,} words{shared}"

    def fits(self, answer: str) -> bool:
        """Whether an answer has this form; what it says may still be wrong."""
        match self.shape:
            case Shape.JSON:
                return self._fits_json(answer)
            case Shape.LINES:
                return self._fits_lines(answer)
            case Shape.LABEL:
                return answer.strip() in self.values
            case Shape.SQL:
                return bool(_SQL.match(answer))
            case Shape.FREE:
                said = " ".join(answer.split())
                fits = _half(self.words[0]) <= len(answer.split()) <= 2 * self.words[1]
                return fits and said.startswith(self.begins) and said.endswith(self.ends)

    def _fits_lines(self, answer: str) -> bool:
        held = dict(_LINE.findall(answer))
        right = all(held.get(part.name) in (part.values or held.values()) for part in self.parts)
        return right and sum(bool(line.strip()) for line in answer.splitlines()) == len(self.parts)

    def _fits_json(self, answer: str) -> bool:
        try:
            value = parsed(answer)
        except NotJson:
            return False
        return isinstance(value, dict) and all(
            part.name in value and (not part.values or value[part.name] in part.values) for part in self.parts
        )

    @property
    def instructions(self) -> str:
        """The form as instructions to a model: nothing that the answers do not show."""
        match self.shape:
            case Shape.JSON:
                told = [f"- {_key(part)}" for part in self.parts]
                return "\n".join(["Answer with one JSON object and nothing else. It has these keys:", *told])
            case Shape.LINES:
                told = [f"{part.name}: {_value(part)}" for part in self.parts]
                count = "one line" if len(told) == 1 else f"{len(told)} lines, in this order"
                return "\n".join([f"Answer with exactly {count}, and nothing else:", *told])
            case Shape.LABEL:
                told = ", ".join(self.values)
                return f"Answer with exactly one of these, written in the same way, and nothing else: {told}."
            case Shape.SQL:
                return "Answer with one SQL query and nothing else."
            case Shape.FREE:
                low, high = self.words
                told = [f"Answer in {low:,} to {high:,} words." if high > low else f"Answer in about {low:,} words."]
                told += [f"Begin with “{self.begins}”."] if self.begins else []
                return " ".join([*told, *([f"End with “{self.ends}”."] if self.ends else [])])


def form_of(answers: Sequence[str]) -> Form:
    """The form of these answers: JSON, named lines, a label or a query where nearly all are that; else free text."""
    given = [answer for answer in answers if answer.strip()]
    if not given:
        return Form(Shape.FREE)
    words = _words(given)
    if keys := _keys(given):
        return Form(Shape.JSON, keys, words=words)
    if lines := _lines(given):
        return Form(Shape.LINES, lines, words=words)
    gates = [proposal.gate for proposal in propose(given)]
    if any(isinstance(gate, SqlResult) for gate in gates):
        return Form(Shape.SQL, words=words)
    if whole := next((gate for gate in gates if isinstance(gate, Labels) and not gate.field), None):
        return Form(Shape.LABEL, values=whole.labels, words=words)
    texts = [" ".join(answer.split()) for answer in given]
    begins = _shared(texts)
    ends = " ".join(reversed(_shared([" ".join(reversed(text.split())) for text in texts]).split()))
    return Form(Shape.FREE, words=words, begins=begins, ends=ends)


def _shared(texts: Sequence[str]) -> str:
    """The words, two or more, with which nearly all of these texts begin."""
    if len(texts) < FEWEST_ALIKE:
        return ""
    among, shared = [text.split() for text in texts], []
    while True:
        following = Counter(words[len(shared)] for words in among if len(words) > len(shared))
        word, times = following.most_common(1)[0] if following else ("", 0)
        if times < MOSTLY * len(texts):
            return " ".join(shared) if len(shared) > 1 else ""
        shared.append(word)
        among = [words for words in among if len(words) >= len(shared) and words[len(shared) - 1] == word]


def _keys(answers: Sequence[str]) -> tuple[Part, ...]:
    """The keys that every object has, in the order of the first; nothing where the answers are no objects."""
    values = [value for value in map(_parsed, answers) if isinstance(value, dict)]
    if len(values) < MOSTLY * len(answers):
        return ()
    schema = infer_schema(values)
    required, about = set(schema["required"]), schema["properties"]
    return tuple(
        Part(key, tuple(map(str, about[key].get("enum", ()))), KIND_WORDS.get(str(about[key].get("type")), ""))
        for key in values[0]
        if key in required
    )


def _parsed(answer: str) -> object:
    try:
        return parsed(answer)
    except NotJson:
        return None


def _lines(answers: Sequence[str]) -> tuple[Part, ...]:
    """The named lines that nearly all answers consist of, in their order, with their labels."""
    whole: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for answer in answers:
        names = tuple(name for name, _ in _LINE.findall(answer))
        if names and len(names) == sum(bool(line.strip()) for line in answer.splitlines()):
            whole[names].append(answer)
    names, alike = max(whole.items(), key=lambda item: len(item[1]), default=((), []))
    if not names or len(alike) < MOSTLY * len(answers):
        return ()
    gates = [proposal.gate for proposal in propose(alike)]
    labels = {gate.field: gate.labels for gate in gates if isinstance(gate, Labels)}
    return tuple(Part(name, labels.get(name, ())) for name in names)


def _words(answers: Sequence[str]) -> tuple[int, int]:
    counts = sorted(len(answer.split()) for answer in answers)
    if len(counts) == 1:
        return counts[0], counts[0]
    low, *_, high = quantiles(counts, n=20, method="inclusive")
    return round(low), round(high)


def _half(number: int) -> int:
    return max(1, number // 2)


def _value(part: Part) -> str:
    return f"one of {', '.join(part.values)}" if part.values else f"<{part.name}>"


def _key(part: Part) -> str:
    about = f"one of {', '.join(part.values)}" if part.values else part.kind
    return f"{part.name} ({about})" if about else part.name

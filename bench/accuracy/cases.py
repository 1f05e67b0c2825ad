"""Cases: rows with a known problem, rows that only look like one, and rows of the same kind with nothing in them."""

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from bench.accuracy.text import Bank
from studio.domain.finding import FindingKind

K = FindingKind
IN_ANSWER = frozenset({K.FORMAT, K.CUT_SHORT, K.LABELS})  # what data pasted into an answer may also be
ODD = frozenset({K.FORMAT, K.CUT_SHORT, K.LABELS, K.LANGUAGE})  # what an odd answer may be as well
NAMES = {"markdown": "Markdown", "json": "JSON", "fields": "“name: value” lines"}
_SECRET_PART = re.compile("«(.*)»", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Planted:
    """What a row holds (`is_real`), or only looks like: the finding, of which sort, and the form it was made from.

    `reason` is how the group of the finding must begin that names it; `written` what masking must take away.
    """

    kind: FindingKind
    sort: str
    form: str
    is_real: bool = True
    reason: str = ""
    written: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """A row with the truth about it; `also` are findings that are right as well, and are not counted either way."""

    question: str
    answer: str
    planted: tuple[Planted, ...] = ()
    also: frozenset[FindingKind] = field(default=frozenset())


@dataclass(frozen=True, slots=True)
class Desk:
    """What it takes to write cases: the texts of a generator, one of its languages, and where luck comes from."""

    banks: dict[str, Bank]
    language: str
    draw: random.Random

    @property
    def bank(self) -> Bank:
        return self.banks[self.language]

    @property
    def gap(self) -> str:
        return "" if self.language in ("zh", "ja") else " "

    def plain(self) -> Case:
        (question,) = self.bank.some("ask", self.draw, least=1, most=1)
        return Case(question, self.gap.join(self.bank.some("say", self.draw, least=3, most=5)))

    def planted(self, heading: str, number: int) -> tuple[str, str]:
        """A line of a list, each in its turn, and what it is when it is filled in."""
        form = self.bank[heading][number % len(self.bank[heading])]
        return form, self.bank.filled(form, self.draw)


Maker = Callable[[Desk, int], Case]


def refusal(desk: Desk, number: int) -> Case:
    """A refusal, often with a polite word before or behind it, as assistants write it."""
    form, said = desk.planted("refusal", number)
    parts = [said]
    if "before" in desk.bank.sections:
        parts = [*desk.bank.some("before", desk.draw, least=0, most=1), said]
        parts += desk.bank.some("after", desk.draw, least=0, most=1)
    return replace(desk.plain(), answer=desk.gap.join(parts), planted=(Planted(K.REFUSAL, desk.language, form),))


def no_refusal(desk: Desk, number: int) -> Case:
    return _opening(desk, number, "no refusal", K.REFUSAL)


def self_reference(desk: Desk, number: int) -> Case:
    """A sentence about being an AI, first or after another one."""
    form, said = desk.planted("self", number)
    says = desk.bank.some("say", desk.draw, least=1, most=2)
    says.insert(desk.draw.randint(0, 1), said)
    planted = Planted(K.SELF_REFERENCE, desk.language, form)
    return replace(desk.plain(), answer=desk.gap.join(says), planted=(planted,), also=frozenset({K.REFUSAL}))


def no_self_reference(desk: Desk, number: int) -> Case:
    return _opening(desk, number, "no self", K.SELF_REFERENCE)


def _opening(desk: Desk, number: int, heading: str, kind: FindingKind) -> Case:
    """A look-alike at the beginning of an answer that goes on, unless it ends as a letter does."""
    form, said = desk.planted(heading, number)
    more = [] if "\n" in said else desk.bank.some("say", desk.draw, least=1, most=2)
    planted = Planted(kind, desk.language, form, is_real=False)
    return replace(desk.plain(), answer=desk.gap.join([said, *more]), planted=(planted,))


def one_word(desk: Desk, number: int) -> Case:
    form, said = desk.planted("one word", number)
    return replace(desk.plain(), answer=said, planted=(Planted(K.ONE_WORD, "one word", form),))


def short_answer(desk: Desk, number: int) -> Case:
    return _pair(desk, number, "no one word", Planted(K.ONE_WORD, "a number or a name", "", is_real=False))


def foreign_on_request(desk: Desk, number: int) -> Case:
    return _pair(desk, number, "foreign asked for", Planted(K.LANGUAGE, "asked for", "", is_real=False))


def _pair(desk: Desk, number: int, heading: str, planted: Planted) -> Case:
    form, filled = desk.planted(heading, number)
    question, answer = filled.split(" => ")
    return Case(question, answer, (replace(planted, form=form),))


def other_language(desk: Desk, number: int) -> Case:
    """An answer in a language that nobody asked for."""
    others = [name for name in desk.banks if len(name) == 2 and name != desk.language]
    other = replace(desk, language=others[number % len(others)])
    answer = other.gap.join(other.bank.some("say", desk.draw, least=2, most=3))
    planted = Planted(K.LANGUAGE, other.language, f"{desk.language} {number}")
    return replace(desk.plain(), answer=answer, planted=(planted,))


def other_format(heading: str) -> Maker:
    """An answer in another format than the plain ones beside it."""

    def make(desk: Desk, number: int) -> Case:
        form, said = desk.planted(heading, number)
        planted = Planted(K.FORMAT, f"{NAMES[heading]} among plain text", form)
        return replace(desk.plain(), answer=said, planted=(planted,), also=frozenset({K.LABELS}))

    return make


def plain_after_all(desk: Desk, number: int) -> Case:
    form, said = desk.planted("plain after all", number)
    return replace(desk.plain(), answer=said, planted=(Planted(K.FORMAT, "plain", form, is_real=False),))


def cut_short(desk: Desk, number: int) -> Case:
    """An answer that stops in a word, after one, after a comma, or with a block of code still open."""
    how = ("in a word", "after a word", "after a comma", "in code")[number % 4]
    case = desk.plain()
    if how == "in code" and "code" in desk.bank.sections:
        _, said = desk.planted("code", number // 4)
        start, end = said.index("```") + 8, said.rindex("```")
        answer = said[: desk.draw.randint(start, end - 1)].rstrip("`")
    else:
        how = "after a word" if how == "in code" else how
        answer = _cut(case.answer, how, desk)
    planted = Planted(K.CUT_SHORT, how if desk.gap else "in Chinese or Japanese", f"{desk.language} {number}")
    return replace(case, answer=answer, planted=(planted,), also=frozenset({K.FORMAT, K.SPACES}))


def _cut(answer: str, how: str, desk: Desk) -> str:
    """The answer up to somewhere in its last two thirds."""
    least = len(answer) // 3
    commas = [place.end() for place in re.finditer("[,，、]", answer) if place.end() > least]
    if how == "after a comma" and commas:
        return answer[: desk.draw.choice(commas)]
    if not desk.gap:
        return answer[: desk.draw.choice([n for n in range(least, len(answer) - 1) if answer[n - 1] not in "。、，"])]
    words = [found for found in re.finditer(r"[^\W\d_]{4,}", answer) if found.start() > least]
    word = desk.draw.choice([found for found in words if found.end() < len(answer) - 1])
    return answer[: word.end() if how != "in a word" else desk.draw.randint(word.start() + 2, word.end() - 1)]


def whole_ending(desk: Desk, number: int) -> Case:
    """An answer that ends as few do, and is complete."""
    form, said = desk.planted("ending", number)
    planted = Planted(K.CUT_SHORT, "unusual end", form, is_real=False)
    return replace(desk.plain(), answer=said, planted=(planted,), also=frozenset({K.FORMAT}))


def turn_inside(desk: Desk, number: int) -> Case:
    return _lone(desk, number, "turn", Planted(K.ROLE_ORDER, "turn inside a message", ""))


def no_turn_inside(desk: Desk, number: int) -> Case:
    return _lone(desk, number, "no turn", Planted(K.ROLE_ORDER, "talk of users", "", is_real=False))


def token(desk: Desk, number: int) -> Case:
    return _lone(desk, number, "token", Planted(K.TOKENS, "sign of a chat format", ""))


def no_token(desk: Desk, number: int) -> Case:
    return _lone(desk, number, "no token", Planted(K.TOKENS, "other signs", "", is_real=False))


def placeholder(desk: Desk, number: int) -> Case:
    return _lone(desk, number, "placeholder", Planted(K.PLACEHOLDER, "a place to fill in", ""))


def no_placeholder(desk: Desk, number: int) -> Case:
    case = _pair(desk, number, "no placeholder", Planted(K.PLACEHOLDER, "brackets that are meant", "", is_real=False))
    return replace(case, also=ODD)


def empty(desk: Desk, number: int) -> Case:
    case = _lone(desk, number, "empty", Planted(K.EMPTY, "an answer without content", ""))
    return replace(case, also=ODD | {K.ONE_WORD})


def no_empty(desk: Desk, number: int) -> Case:
    return _pair(desk, number, "no empty", Planted(K.EMPTY, "“none” that says something", "", is_real=False))


def repeats(desk: Desk, number: int) -> Case:
    """The question once more: as it is, in capitals, without its mark, or with a line in it."""
    case = desk.plain()
    ways = (str, str.upper, lambda text: text.rstrip("?."), lambda text: text.replace(" ", "\n", 1))
    planted = Planted(K.REPEATS, "the question again", str(number))
    answer = ways[number % len(ways)](case.question)
    return replace(case, answer=answer, planted=(planted,), also=ODD | {K.SPACES})


def repeats_and_answers(desk: Desk, number: int) -> Case:
    """The question first, and then an answer to it."""
    case = desk.plain()
    planted = Planted(K.REPEATS, "the question, then an answer", str(number), is_real=False)
    return replace(case, answer=f"{case.question} {case.answer}", planted=(planted,), also=ODD)


def _lone(desk: Desk, number: int, heading: str, planted: Planted) -> Case:
    """A line of a list as the whole answer."""
    form, said = desk.planted(heading, number)
    return replace(desk.plain(), answer=said, planted=(replace(planted, form=form),), also=ODD)


_STRAY: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("line at the end", "{}\n".format),
    ("space before", " {}".format),
    ("blank lines", lambda text: text.replace(". ", ".\n\n\n", 1)),
    ("tab", lambda text: text.replace(" ", "\t", 1)),
    ("no-break space", lambda text: text.replace(" ", "\u00a0", 2)),
    ("zero-width space", lambda text: text.replace(" ", " \u200b", 1)),
)
_IN_PLACE: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("paragraph", lambda text: text.replace(". ", ".\n\n", 1)),
    ("French space", lambda text: text[:-1] + "\u00a0!"),
    ("joined emoji", "{} 👩\u200d🔧.".format),
)


def stray_spaces(desk: Desk, number: int) -> Case:
    sort, strew = _STRAY[number % len(_STRAY)]
    case = desk.plain()
    return replace(case, answer=strew(case.answer), planted=(Planted(K.SPACES, sort, str(number)),))


def spaces_in_place(desk: Desk, number: int) -> Case:
    sort, strew = _IN_PLACE[number % len(_IN_PLACE)]
    case = desk.plain()
    return replace(case, answer=strew(case.answer), planted=(Planted(K.SPACES, sort, str(number), is_real=False),))


def personal_data(desk: Desk, number: int) -> Case:
    """Each type and country in its turn, in one of the ways that people write it."""
    return _pasted(desk, number, "personal", K.PERSONAL)


def secret(desk: Desk, number: int) -> Case:
    return _pasted(desk, number, "secrets", K.SECRET)


def _pasted(desk: Desk, number: int, name: str, kind: FindingKind) -> Case:
    bank, draw = desk.banks[name], desk.draw
    kinds = {sort: forms for sort, forms in bank.sections.items() if sort in _sorts(bank)}
    sort = list(kinds)[number % len(kinds)]
    form, context = draw.choice(kinds[sort]), draw.choice(bank["context"])
    value = bank.filled(form, draw)
    marked = _SECRET_PART.search(value)
    written = marked[1] if marked else value
    text = bank.filled(context, draw, value="\0").replace("\0", value.replace("«", "").replace("»", ""))
    reason = sort.split(": ")[0].removesuffix(" with another sign") if kind is K.PERSONAL else ""
    planted = Planted(kind, sort, f"{form} {context}", reason=reason, written=written)
    return _put(desk, text, planted)


def looks_personal(desk: Desk, number: int) -> Case:
    return _looks(desk, number, "personal", K.PERSONAL)


def looks_secret(desk: Desk, number: int) -> Case:
    return _looks(desk, number, "secrets", K.SECRET)


def _looks(desk: Desk, number: int, name: str, kind: FindingKind) -> Case:
    alike = [(sort, form) for sort, forms in desk.banks[name].under("look-alike").items() for form in forms]
    sort, form = alike[number % len(alike)]
    planted = Planted(kind, sort.removeprefix("look-alike: "), form, is_real=False)
    return _put(desk, desk.banks[name].filled(form, desk.draw), planted)


def _put(desk: Desk, text: str, planted: Planted) -> Case:
    """The text in the question, or now and then in the answer."""
    case, others = desk.plain(), frozenset({K.PERSONAL, K.SECRET} - {planted.kind})
    if desk.draw.random() < 0.7:
        return replace(case, question=f"{case.question} {text}", planted=(planted,), also=others | {K.LANGUAGE})
    return replace(case, answer=f"{case.answer} {text}", planted=(planted,), also=others | IN_ANSWER | {K.LANGUAGE})


def _sorts(bank: Bank) -> Sequence[str]:
    plain = ("name", "thing", "city", "context")
    return [heading for heading in bank.sections if heading not in plain and not heading.startswith("look-alike")]


def cases_of(desk: Desk, makers: Sequence[tuple[Maker, int]]) -> Iterator[Case]:
    """So many cases of each maker, which hears how often it was asked before."""
    for make, count in makers:
        for number in range(count):
            yield make(desk, number)

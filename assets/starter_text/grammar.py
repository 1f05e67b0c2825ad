"""Grammar: a small way to write one template and draw many sentences from it."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

from starter_text import banks

Conversation = list[dict[str, str]]
CHOICE = re.compile(r"\[([^\[\]]*)\]")
SLOT = re.compile(r"\{(\w+)\}")
ARTICLE = re.compile(r"\b([Aa]) (?=[aeioAEIO]|un(?!i)|um|up|ur)")


def exchange(question: str, answer: str, *, system: str = "") -> Conversation:
    """One request and its answer as chat messages."""
    opening = [{"role": "system", "content": system}] if system else []
    return [*opening, {"role": "user", "content": question}, {"role": "assistant", "content": answer}]


def say(rng: random.Random, template: str, **slots: object) -> str:
    """One sentence from `template`: `[a|b]` is a choice, `{word}` a slot or a draw from the bank of that name."""
    text = template
    while match := CHOICE.search(text):
        text = text[: match.start()] + rng.choice(match[1].split("|")) + text[match.end() :]
    drawn: dict[str, str] = {}

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name in slots:
            return str(slots[name])
        if name not in drawn:
            drawn[name] = draw(rng, name)
        return drawn[name]

    text = SLOT.sub(value, text)
    return ARTICLE.sub(r"\1n ", re.sub(r"  +", " ", text).strip())


def sentence(rng: random.Random, template: str, **slots: object) -> str:
    """Like `say`, with a capital first letter."""
    return capital(say(rng, template, **slots))


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def draw(rng: random.Random, kind: str) -> str:
    """A fresh word of one kind; a trailing digit asks for another one (`thing2`)."""
    kind = kind.rstrip("0123456789")
    simple = {
        "name": banks.FIRST_NAMES, "last": banks.LAST_NAMES, "town": banks.TOWNS, "street": banks.STREETS, "day": banks.DAYS,
        "month": banks.MONTHS, "colour": banks.COLOURS, "material": banks.MATERIALS, "food": banks.FOODS, "dish": banks.DISHES,
        "animal": banks.ANIMALS, "plant": banks.PLANTS, "job": banks.JOBS, "place": banks.PLACES, "adjective": banks.ADJECTIVES,
        "hobby": banks.HOBBIES, "feeling": banks.FEELINGS, "subject": banks.SUBJECTS, "weather": banks.WEATHER,
        "numberword": banks.NUMBER_WORDS[2:],
    }  # fmt: skip
    if kind in simple:
        return rng.choice(simple[kind])
    made = {
        "thing": thing, "things": lambda r: plural(thing(r)), "item": item, "madeup": made_up, "code": code, "price": price,
        "time": clock_time, "date": date, "number": lambda r: str(r.randint(2, 99)), "few": lambda r: str(r.randint(2, 12)),
        "big": lambda r: str(r.randint(100, 9999)), "email": email, "phone": phone, "person": person, "word": any_word,
    }  # fmt: skip
    return made[kind](rng)


def thing(rng: random.Random) -> str:
    return rng.choice(banks.THINGS).replace("-", " ")


def item(rng: random.Random) -> str:
    """A thing as it would be sold: now and then with a colour, a material or an invented brand."""
    parts = [thing(rng)]
    if rng.random() < 0.25:
        parts.insert(0, rng.choice(banks.MATERIALS))
    if rng.random() < 0.35:
        parts.insert(0, rng.choice(banks.COLOURS))
    if rng.random() < 0.25:
        parts.insert(0, made_up(rng).capitalize())
    return " ".join(parts)


def made_up(rng: random.Random) -> str:
    """A word nobody has seen, so that it can only be copied."""
    word = "".join(rng.choice(banks.SYLLABLES) for _ in range(rng.randint(2, 3)))
    return word + rng.choice(banks.ENDINGS) if rng.random() < 0.6 else word


def any_word(rng: random.Random) -> str:
    bank = rng.choice(
        (banks.THINGS, banks.FOODS, banks.ANIMALS, banks.ADJECTIVES, banks.PLANTS, banks.JOBS, banks.COLOURS)
    )
    return rng.choice(bank).replace("-", " ") if rng.random() < 0.8 else made_up(rng)


def code(rng: random.Random) -> str:
    """An order number, booking code or the like, in one of many shapes."""
    letters = "".join(rng.choice(banks.CODE_PARTS) for _ in range(rng.randint(1, 3)))
    digits = "".join(rng.choice("0123456789") for _ in range(rng.randint(2, 6)))
    return rng.choice((digits, f"{letters}-{digits}", f"{letters}{digits}", f"#{digits}", f"{digits}-{letters}"))


def price(rng: random.Random) -> str:
    whole = rng.choice((rng.randint(1, 20), rng.randint(1, 99), rng.randint(100, 400)))
    return rng.choice(
        (
            f"{whole} euros",
            f"{whole}.{rng.choice(('50', '90', '99', '20', '75'))} euros",
            f"${whole}",
            f"{whole} dollars",
        )
    )


def clock_time(rng: random.Random) -> str:
    hour, minute = rng.randint(1, 12), rng.choice(("00", "15", "30", "45", "10", "20"))
    return rng.choice(
        (f"{hour}:{minute}", f"{hour} o'clock", f"{hour} in the {rng.choice(('morning', 'afternoon', 'evening'))}")
    )


def date(rng: random.Random) -> str:
    day, month = rng.randint(1, 28), rng.choice(banks.MONTHS)
    return rng.choice((f"{day} {month}", f"{month} {day}", f"the {ordinal(day)} of {month}"))


def ordinal(number: int) -> str:
    suffix = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"


def email(rng: random.Random) -> str:
    return f"{rng.choice(banks.FIRST_NAMES).lower()}.{rng.choice(banks.LAST_NAMES).lower()}@{made_up(rng)}.example"


def phone(rng: random.Random) -> str:
    return (
        "0"
        + "".join(rng.choice("0123456789") for _ in range(2))
        + " "
        + "".join(rng.choice("0123456789") for _ in range(5))
    )


def person(rng: random.Random) -> str:
    return f"{rng.choice(banks.FIRST_NAMES)} {rng.choice(banks.LAST_NAMES)}"


def plural(noun: str) -> str:
    """The plural of an English noun, good enough for the words in the banks."""
    head, _, last = noun.rpartition(" ")
    if last in banks.IRREGULAR_PLURAL:
        last = banks.IRREGULAR_PLURAL[last]
    elif last in ("scissors", "chalk", "soap", "thread"):
        pass
    elif last.endswith(("s", "sh", "ch", "x", "z")):
        last += "es"
    elif last.endswith("y") and last[-2] not in "aeiou":
        last = last[:-1] + "ies"
    else:
        last += "s"
    return f"{head} {last}".strip()


def past(verb: str) -> str:
    if verb in banks.IRREGULAR_PAST:
        return banks.IRREGULAR_PAST[verb]
    if verb.endswith("e"):
        return verb + "d"
    return verb[:-1] + "ied" if verb.endswith("y") and verb[-2] not in "aeiou" else verb + "ed"


def listing(words: Sequence[str], *, joiner: str = "and") -> str:
    """Words as an English enumeration: a, b and c."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {joiner} {words[-1]}"


def several(rng: random.Random, kind: str, *, least: int = 2, most: int = 5) -> list[str]:
    """Different words of one kind."""
    wanted, found = rng.randint(least, most), []
    while len(found) < wanted:
        word = draw(rng, kind)
        if word not in found:
            found.append(word)
    return found

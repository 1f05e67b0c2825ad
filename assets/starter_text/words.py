"""Words: copying, lists, counting, opposites and the other small skills of handling words."""

from __future__ import annotations

import json
import random

from starter_text import banks
from starter_text.grammar import (
    Conversation,
    capital,
    draw,
    exchange,
    listing,
    made_up,
    past,
    plural,
    say,
    sentence,
    several,
    thing,
)

PLAIN_SENTENCES = (
    "[the|my|your|our] {adjective} {animal} [sits on|sleeps under|looks at|hides behind|likes] the {thing}",
    "{name} [bought|found|lost|sold|mended] {number} {things} [in {town}|on {day}|for {price}|at the {place}]",
    "{person} [lives at|moved to|came from] {street} in {town}", "the {place} opens at {time} on {day}",
    "{madeup} and {madeup2} [went to|met in|wrote from] {town} on {date}", "[please|kindly] bring the {item} to the {place}",
    "the code {code} belongs to {name}", "{name} [likes|loves|knows] {hobby} and {hobby2}", "[on {day}|in {month}] it was {weather} in {town}",
    "I [would like|need|want] {few} {things} and a {item}", "the {job} [gave|showed|sold] the {job2} a {thing}",
    "we [cook|eat|serve] {dish} with {food} and {food2}", "a {adjective} {thing} is better than a {adjective2} one",
    "{name} and {name2} [play|talk|wait] [near|behind|in front of] the {place}", "the word {madeup} means {thing}",
    "call {person} at {phone} before {time}", "write to {email} about the {item}", "the {colour} {plant} grows near the {place}",
)  # fmt: skip


def plain(rng: random.Random) -> str:
    return sentence(rng, rng.choice(PLAIN_SENTENCES))


def repeat(rng: random.Random) -> Conversation:
    """Copy a sentence, a word, a code or a few of them."""
    kind = rng.choice(("sentence", "sentence", "word", "code", "words", "times"))
    if kind == "sentence":
        text = plain(rng) + rng.choice((".", ".", "", "!", "?"))
        ask = say(
            rng,
            "[Repeat exactly:|Say after me:|Copy this:|Write the same:|Repeat this sentence:|Please copy the text:|Once more:]",
        )
        return exchange(rng.choice((f"{ask} {text}", f"{ask}\n{text}", f'{ask} "{text}"')), text)
    if kind == "times":
        word, times = draw(rng, "word"), rng.randint(2, 6)
        count = rng.choice((str(times), banks.NUMBER_WORDS[times]))
        return exchange(
            say(rng, "[Say|Write|Repeat] {word} {count} times.", word=word, count=count), " ".join([word] * times)
        )
    make = {"word": lambda: draw(rng, rng.choice(("madeup", "word", "last", "town"))), "code": lambda: draw(rng, rng.choice(("code", "phone", "email", "date", "price"))),
            "words": lambda: " ".join(draw(rng, rng.choice(("madeup", "word", "number", "code", "name"))) for _ in range(rng.randint(2, 7)))}  # fmt: skip
    text = make[kind]()
    return exchange(say(rng, "[Repeat:|Copy:|Say|Write|Echo|Type this:] ") + " " + text, text)


def framed_copy(rng: random.Random) -> Conversation:
    """Put a given thing into a given frame."""
    word, other = (
        draw(rng, rng.choice(("madeup", "item", "person", "code", "town", "date", "email", "dish"))) for _ in range(2)
    )
    task, answer = rng.choice((
        (f"Put quotes around {word}", f'"{word}"'), (f"Write {word} in brackets", f"({word})"), (f"Greet {word}", f"Hello, {word}."),
        (f"Write {word} with a dash before it", f"- {word}"), (f"Write {word} and {other} with a comma", f"{word}, {other}"),
        (f"Join {word} and {other} with and", f"{word} and {other}"), (f"Write {word}, then {other} on the next line", f"{word}\n{other}"),
        (f"Say that {word} is here", f"{capital(word)} is here."), (f"Ask where {word} is", f"Where is {word}?"), (f"Write {word} with a colon and {other}", f"{word}: {other}"),
        (f"Thank {word}", f"Thank you, {word}."), (f"Put {word} between bars", f"| {word} |"), (f"Write an arrow from {word} to {other}", f"{word} -> {other}"),
        (f"Swap {word} and {other}: {word} {other}", f"{other} {word}"), (f"Say goodbye to {word}", f"Goodbye, {word}."),
    ))  # fmt: skip
    return exchange(
        say(rng, "[{task}.|Please {small}.|Can you {small}?]", task=task, small=task[0].lower() + task[1:]), answer
    )


def replace(rng: random.Random) -> Conversation:
    """Put another word into a sentence."""
    old, new = several(
        rng, rng.choice(("thing", "animal", "name", "town", "food", "colour", "madeup")), least=2, most=2
    )
    frame = say(
        rng,
        "[the {{x}} is near the {place}|{name} talks about the {{x}} and the {thing}|I saw the {{x}} on {day}|we like the {{x}} better than the {item}|{name} wrote {{x}} on a card with the number {code}]".replace(
            "{{x}}", "XX"
        ),
    )
    text = capital(frame.replace("XX", old)) + "."
    return exchange(
        say(rng, "[Replace {old} with {new}:|Write {new} for {old}:|Put {new} where it says {old}:]", old=old, new=new)
        + f" {text}",
        capital(frame.replace("XX", new)) + ".",
    )


def fill_in(rng: random.Random) -> Conversation:
    """Fill the gaps of a form letter."""
    facts = {
        "name": draw(rng, "person"),
        "thing": draw(rng, "thing"),
        "day": draw(rng, "day"),
        "place": draw(rng, "place"),
        "code": draw(rng, "code"),
        "price": draw(rng, "price"),
    }
    form = rng.choice((
        ("Dear <name>, your <thing> is ready. Please come to the <place> on <day>.", ("name", "thing", "place", "day")),
        ("Hello <name>, the number of your <thing> is <code>.", ("name", "thing", "code")), ("<name> pays <price> for the <thing>.", ("name", "price", "thing")),
        ("On <day> we meet <name> at the <place>.", ("day", "name", "place")), ("Ticket <code> for <name>: <day>, <place>.", ("code", "name", "day", "place")),
        ("The <thing> costs <price> at the <place>.", ("thing", "price", "place")), ("Sold: <thing>, <price>, to <name>.", ("thing", "price", "name")),
    ))  # fmt: skip
    text, answer = form[0], form[0]
    for key in form[1]:
        answer = answer.replace(f"<{key}>", facts[key])
    given = ", ".join(f"{key} is {facts[key]}" for key in rng.sample(form[1], len(form[1])))
    return exchange(say(rng, "[Fill in:|Fill the gaps:|Complete the letter:]") + f" {text}\n{capital(given)}.", answer)


LISTS = (
    "thing",
    "food",
    "animal",
    "name",
    "town",
    "colour",
    "plant",
    "job",
    "madeup",
    "day",
    "number",
    "code",
    "item",
    "dish",
    "place",
)


def lists(rng: random.Random) -> Conversation:
    """A list in another form, or one thing of a list."""
    words = several(rng, rng.choice(LISTS), least=3, most=7 if rng.random() < 0.7 else 5)
    text = listing(words) if rng.random() < 0.6 else ", ".join(words)
    place = rng.randrange(len(words))
    ordinals = "first second third fourth fifth sixth seventh".split()
    tasks = (
        ("[Make a list:|Write as a list:|One a line with dashes:|Bullet list, please:]", "\n".join(f"- {word}" for word in words)),
        ("[Number them:|Make a numbered list:|Write a numbered list of]", "\n".join(f"{number}. {word}" for number, word in enumerate(words, 1))),
        ("[One a line:|Write each on its own line:]", "\n".join(words)), ("[Write them with commas:|Join with commas:]", ", ".join(words)),
        ("[How many are there?|Count them:|How many words do I name?]", f"There are {banks.NUMBER_WORDS[len(words)]}."),
        ("[Which is the last?|Name the last one:]", words[-1]), (f"[Which is the {ordinals[place]}?|Name the {ordinals[place]} one:]", words[place]),
        ("[Write it as a JSON list:|JSON list, please:]", json.dumps(words)), ("[Backwards, please:|In reverse order:]", ", ".join(reversed(words))),
        (f"[Leave out {words[place]}:|Without {words[place]}:]", ", ".join(word for word in words if word != words[place])),
        (f"[What comes after {words[place - 1]}?]" if place else "[Which is the first?]", words[place]),
        ("[Say it in a sentence:]", f"I see {listing(words)}."), ("[Write them with capital letters:]", ", ".join(capital(word) for word in words)),
        ("[Add a dash between them:]", " - ".join(words)),
    )  # fmt: skip
    ask, answer = rng.choice(tasks)
    return exchange(f"{say(rng, ask)} {text}", answer)


def opposite(rng: random.Random) -> Conversation:
    bank, noun = rng.choice(
        ((banks.OPPOSITES, "opposite"), (banks.OPPOSITES, "opposite"), (banks.SYNONYMS, "other word"))
    )
    pairs = rng.sample(bank, rng.choice((1, 1, 1, 2, 3)))
    one, two = pairs[0] if rng.random() < 0.7 or noun != "opposite" else pairs[0][::-1]
    if len(pairs) > 1 and rng.random() < 0.7:
        shown = ", ".join(f"{a} - {b}" for a, b in pairs[1:])
        return exchange(f"{shown}, {one} - ?", two)
    if noun == "other word":
        return exchange(
            say(
                rng,
                "[What is another word for {one}?|A word that means the same as {one}?|Say {one} in another way.]",
                one=one,
            ),
            rng.choice((f"Another word for {one} is {two}.", f"{capital(two)} means the same as {one}.")),
        )
    if rng.random() < 0.3:
        return exchange(
            say(rng, "[The opposite of {one}, one word:|Opposite of {one}?|{one}: opposite?]", one=one), two
        )
    return exchange(
        say(
            rng,
            "[What is the opposite of {one}?|Tell me the opposite of {one}.|Which word is the opposite of {one}?]",
            one=one,
        ),
        f"The opposite of {one} is {two}.",
    )


def numbers(rng: random.Random) -> Conversation:
    """Counting, small sums, days, months and number words."""
    first, second = rng.randint(1, 9), rng.randint(1, 9)
    low = rng.randint(0, 30)
    high = low + rng.randint(3, 9)
    day, month = rng.randrange(7), rng.randrange(12)
    small = rng.randint(2, 20)
    tasks = (
        (f"[Count from {low} to {high}.|Please count from {low} up to {high}.]", ", ".join(map(str, range(low, high + 1)))),
        (f"[Count down from {high} to {low}.|Count backwards from {high} to {low}.]", ", ".join(map(str, range(high, low - 1, -1)))),
        (f"[What is {first} plus {second}?|How much is {first} and {second}?|{first} + {second} = ?]", f"{first} plus {second} is {first + second}."),
        (f"[What is {first + second} minus {first}?|{first + second} - {first} = ?]", f"{first + second} minus {first} is {second}."),
        (f"[Which day comes after {banks.DAYS[day]}?|What is the day after {banks.DAYS[day]}?]", f"After {banks.DAYS[day]} comes {banks.DAYS[(day + 1) % 7]}."),
        (f"[Which day comes before {banks.DAYS[day]}?]", f"Before {banks.DAYS[day]} comes {banks.DAYS[(day - 1) % 7]}."),
        (f"[Which month comes after {banks.MONTHS[month]}?|What month follows {banks.MONTHS[month]}?]", f"After {banks.MONTHS[month]} comes {banks.MONTHS[(month + 1) % 12]}."),
        ("[Name the days of the week.|What are the seven days?]", f"The days are {listing(banks.DAYS)}."), ("[Name the months.|Which months are there?]", f"The months are {listing(banks.MONTHS)}."),
        (f"[Write {small} as a word.|How do you spell the number {small}?]", banks.NUMBER_WORDS[small]), (f"[Write {banks.NUMBER_WORDS[small]} as a number.]", str(small)),
        (f"[Which is more, {first} or {second + 9}?|What is bigger, {second + 9} or {first}?]", f"{second + 9} is more than {first}."),
        (f"[What number comes after {low}?]", f"After {low} comes {low + 1}."),
    )  # fmt: skip
    ask, answer = rng.choice(tasks)
    return exchange(say(rng, ask), answer)


def forms(rng: random.Random) -> Conversation:
    """Plurals, past tenses, capitals, spelling and the length of words."""
    noun, verb = (
        rng.choice(((thing(rng)), draw(rng, "animal"), rng.choice(list(banks.IRREGULAR_PLURAL)))),
        rng.choice((*banks.IRREGULAR_PAST, *banks.REGULAR_VERBS)),
    )
    word, made = draw(rng, "word").split(" ")[0], made_up(rng)
    letters = rng.choice((word, made, draw(rng, "name")))
    tasks = (
        (f"[What is the plural of {noun}?|One {noun}, two ...?|Plural of {noun}?]", f"The plural of {noun} is {plural(noun)}."),
        (f"[What is the past of {verb}?|Today I {verb}, yesterday I ...?]", f"The past of {verb} is {past(verb)}."),
        (f"[Spell {letters}.|How do you spell {letters}?|Spell the word {letters}, please.]", "-".join(letters.lower())), (f"[Write {word} in capitals.|{word} in capital letters, please.]", word.upper()),
        (f"[What is the first letter of {letters}?]", f"The first letter of {letters} is {letters[0].lower()}."), (f"[What is the last letter of {letters}?]", f"The last letter of {letters} is {letters[-1].lower()}."),
    )  # fmt: skip
    ask, answer = rng.choice(tasks)
    return exchange(say(rng, ask), answer)


KINDS = {"a fruit": "apple pear plum cherry grape lemon orange banana peach melon", "a vegetable": "carrot onion cabbage spinach leek pea lettuce pumpkin turnip radish", "an animal": " ".join(banks.ANIMALS),
         "a plant": " ".join(banks.PLANTS), "a colour": " ".join(banks.COLOURS), "a job": " ".join(banks.JOBS), "a day": " ".join(banks.DAYS), "a month": " ".join(banks.MONTHS), "a town": " ".join(banks.TOWNS),
         "a tool": "hammer saw drill screwdriver shovel rake spade broom ladder", "a piece of clothing": "hat coat jacket shirt sweater skirt scarf glove raincoat", "a drink": "tea coffee cocoa juice lemonade cider water milk",
         "a piece of furniture": "table chair sofa desk stool bench bed wardrobe shelf", "an instrument": "guitar violin flute piano trumpet drum whistle", "a first name": " ".join(banks.FIRST_NAMES)}  # fmt: skip


def kinds(rng: random.Random) -> Conversation:
    """What kind of thing a word names, and which word does not belong."""
    kind, other = rng.sample(sorted(KINDS), 2)
    words = KINDS[kind].split()
    word, odd = rng.choice(words), rng.choice(KINDS[other].split())
    if rng.random() < 0.25 and odd not in words:
        shown = [*rng.sample(words, 3), odd]
        rng.shuffle(shown)
        return exchange(
            f"{say(rng, '[Which does not belong?|Find the odd one out:]')} {', '.join(shown)}",
            f"{capital(odd)} does not belong, because the others are each {kind}.",
        )
    if rng.random() < 0.3:
        names = rng.sample(words, min(3, len(words)))
        return exchange(
            say(
                rng,
                "[Name three examples of {kind}.|Give me three words, each {kind}.|Three times {kind}, please.]",
                kind=kind,
            ),
            f"{capital(names[0])}, {names[1]} and {names[2]}.",
        )
    if rng.random() < 0.3 and odd not in words:
        pair = rng.sample((kind, other), 2)
        return exchange(f"{word}: {pair[0]} or {pair[1]}?", kind)
    return exchange(
        say(
            rng,
            "[What kind of word is {word}?|What is {word}?|Is {word} {one} or {two}?]",
            word=word,
            one=kind,
            two=other,
        ),
        f"{capital(word)} is {kind}.",
    )


def pattern(rng: random.Random) -> Conversation:
    """A form shown by examples, to be followed with a new word."""
    kind = rng.choice(("name", "animal", "town", "thing", "madeup", "food", "number"))
    words = several(rng, kind, least=3, most=5)
    tag, left, right = made_up(rng), rng.choice("<[(*~/"), rng.choice(">])*~/")
    shape = rng.choice(
        (
            lambda w: f"{tag} {w}",
            lambda w: f"{w} {tag}",
            lambda w: f"{left}{w}{right}",
            lambda w: f"{tag}: {w}",
            lambda w: f"{w}, {w}",
            lambda w: f"{capital(w)} {tag} {w}",
            lambda w: f"{w} / {tag}",
        )
    )
    if rng.random() < 0.5:
        shown = "\n".join(f"{word} => {shape(word)}" for word in words[:-1])
        return exchange(f"{shown}\n{words[-1]} =>", shape(words[-1]))
    first = exchange(
        say(rng, "[Write each word like|Do it like] {x} => {y}.", x=words[0], y=shape(words[0])) + f"\n{words[1]}",
        shape(words[1]),
    )
    return first + [turn for word in words[2:] for turn in exchange(word, shape(word))]


FAMILIES = (
    (repeat, 8),
    (framed_copy, 5),
    (replace, 3),
    (fill_in, 3),
    (lists, 8),
    (opposite, 4),
    (numbers, 4),
    (forms, 4),
    (kinds, 4),
    (pattern, 5),
)

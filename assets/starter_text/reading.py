"""Reading: short passages with facts, and questions, notes, JSON and summaries made from them."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass

from starter_text.grammar import Conversation, capital, draw, exchange, listing, made_up, say, sentence


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact of a passage: its key, its value, the sentence that tells it, a question for it and a full answer."""

    key: str
    value: str
    told: str
    question: str
    answer: str


# key (ways to call it) / kind of value / how it is told / question / answer; {x} is the value, {who} the subject.
Sheet = tuple[str, tuple[str, ...]]
SHEETS: dict[str, Sheet] = {
    "person": ("{person}", (
        "town/home/lives in / town / {who} [lives in|comes from|has a house in] {x} / Where does {who} live? / {who} lives in {x}.",
        "job/work/trade / job / {who} [works as a|is a|earns a living as a] {x} / What is the job of {who}? / {who} is a {x}.",
        "age/years old / number / {who} is {x} years old / How old is {who}? / {who} is {x} years old.",
        "hobby/likes/pastime / hobby / {who} [likes|loves|enjoys|is fond of] {x} / What does {who} like? / {who} likes {x}.",
        "pet/animal / animal / {who} [has a|keeps a|owns a|looks after a] {x} / Which animal does {who} have? / {who} has a {x}.",
        "friend/neighbour / name / {who} has a friend called {x} / Who is the friend of {who}? / The friend of {who} is {x}.",
        "food/meal/eats / dish / {who} [eats|is eating|cooks|has] {x} [tonight|for supper|today] / What does {who} eat? / {who} eats {x}.",
        "phone/telephone / phone / the telephone number of {who} is {x} / What is the number of {who}? / The number of {who} is {x}.",
        "mail/e-mail / email / you can write to {who} at {x} / What is the e-mail address of {who}? / It is {x}.",
        "street/address / street / the house of {who} is on {x} / On which street is the house of {who}? / It is on {x}.",
        "carries/bag / item / {who} carries a {x} / What does {who} carry? / {who} carries a {x}.")),
    "meeting": ("[the meeting|the lesson|the party|the concert|the market|the race|the talk|the {hobby} evening|the picnic]", (
        "place/where/room / place / {who} [takes place at|is held at|will be at] the {x} / Where is {who}? / {who} is at the {x}.",
        "when/date/weekday / day / {who} is on {x} / When is {who}? / {who} is on {x}.",
        "time/hour/begins / time / {who} [starts|begins] at {x} / At what time does {who} begin? / {who} begins at {x}.",
        "guests/people/visitors / number / {x} people [will come|are invited|are coming] / How many people will come? / {x} people will come.",
        "host/leader/speaker / person / {x} [leads|hosts|is in charge of] {who} / Who leads {who}? / {x} leads {who}.",
        "bring/needs / things / please bring {x} / What should I bring? / You should bring {x}.",
        "fee/cost/ticket / price / a ticket costs {x} / How much is a ticket? / A ticket costs {x}.")),
    "product": ("the {item}", (
        "price/cost/sum / price / {who} costs {x} / How much is {who}? / {who} costs {x}.",
        "colour/paint / colour / {who} [comes in|is painted] {x} / Which colour has {who}? / {who} is {x}.",
        "made of/material / material / {who} has a {x} frame / What kind of frame has {who}? / {who} has a {x} frame.",
        "maker/brand / madeup / {who} is made by {x} / Who makes {who}? / {x} makes {who}.",
        "weight/kilos / few / {who} weighs {x} kilos / How heavy is {who}? / {who} weighs {x} kilos.",
        "number/code/model / code / the number of {who} is {x} / Which number has {who}? / The number is {x}.",
        "shelf/row / few / {who} stands on shelf {x} / On which shelf is {who}? / {who} is on shelf {x}.",
        "shop/sold at / place / {who} is sold at the {x} / Where can I buy {who}? / You can buy it at the {x}.")),
    "trip": ("{name}", (
        "to/goal/goes to / town / {who} [travels to|goes to|drives to] {x} / Where does {who} go? / {who} goes to {x}.",
        "with/company / name / {who} travels with {x} / With whom does {who} travel? / {who} travels with {x}.",
        "leaves/start / day / {who} [leaves|sets off|starts] on {x} / When does {who} leave? / {who} leaves on {x}.",
        "nights/stays / few / {who} stays for {x} nights / How long does {who} stay? / {who} stays for {x} nights.",
        "sees/visits / place / there {who} wants to see the {x} / What does {who} want to see? / {who} wants to see the {x}.",
        "packs/takes / thing / {who} packs a {x} / What does {who} pack? / {who} packs a {x}.",
        "weather/sky / weather / it will be {x} there / What will the weather be like? / It will be {x}.")),
    "book": ("the book", (
        "title/called / title / {who} is called {x} / What is the book called? / It is called {x}.",
        "writer/author/by / person / {x} wrote {who} / Who wrote the book? / {x} wrote it.",
        "pages/length / big / {who} has {x} pages / How many pages does the book have? / It has {x} pages.",
        "year/printed / year / it was printed in {x} / When was it printed? / It was printed in {x}.",
        "about/hero / animal / it tells of a {x} / What is the book about? / It is about a {x}.",
        "shelf/stands / code / it stands at {x} / Where does the book stand? / It stands at {x}.",
        "lent to/reader / name / {x} has borrowed it / Who has the book? / {x} has it.")),
    "room": ("{roomname}", (
        "floor/level / few / {who} is on floor {x} / On which floor is {who}? / {who} is on floor {x}.",
        "seats/chairs / number / {who} has {x} seats / How many seats has {who}? / {who} has {x} seats.",
        "wall/colour / colour / its walls are {x} / Which colour are the walls? / The walls are {x}.",
        "holds/inside / things / there are {x} in it / What is in the room? / There are {x} in it.",
        "key/keeper / name / {x} keeps the key / Who keeps the key? / {x} keeps the key.",
        "free/open / day / it is free on {x} / When is it free? / It is free on {x}.")),
    "garden": ("{name}", (
        "tree/grows / plant / {who} [planted|grows] a {x} / What does {who} grow? / {who} grows a {x}.",
        "bird/guest / animal / a {x} [visits|lives in] the garden / Which animal is in the garden? / A {x} is there.",
        "bed/rows / few / there are {x} rows of {food} / How many rows are there? / There are {x} rows.",
        "tool/uses / thing / {who} works with a {x} / What does {who} work with? / {who} works with a {x}.",
        "month/sows / month / {who} sows in {x} / When does {who} sow? / {who} sows in {x}.",
        "helper/helps / name / {x} helps {who} / Who helps {who}? / {x} helps {who}.")),
}  # fmt: skip


def value_of(rng: random.Random, kind: str) -> str:
    if kind == "title":
        return sentence(
            rng, "[The {adjective} {animal}|A {thing} for {name}|The {place} of {town}|{madeup}|My {colour} {thing}]"
        )
    if kind == "madeup":
        return made_up(rng).capitalize()
    return str(rng.randint(1850, 2025)) if kind == "year" else draw(rng, kind)


def passage(rng: random.Random, *, most: int = 5) -> tuple[str, list[Fact], str]:
    """The subject of a passage, its facts in the order told, and the passage itself."""
    subject, lines = SHEETS[rng.choice(sorted(SHEETS))]
    who = say(rng, subject, roomname=say(rng, "[the {colour} room|room {few}|the {adjective} hall|room {code}]"))
    facts = []
    for line in rng.sample(lines, rng.randint(2, min(most, len(lines)))):
        keys, kind, told, question, answer = (part.strip() for part in line.split(" / "))
        value = value_of(rng, kind)
        filled = [capital(say(rng, wording, who=who, x=value)) for wording in (told, question, answer)]
        facts.append(Fact(rng.choice(keys.split("/")), value, *filled))
    return who, facts, " ".join(f"{fact.told}." for fact in facts)


def framed(rng: random.Random, text: str, request: str) -> str:
    return rng.choice(
        (
            f"{text}\n{request}",
            f"{text} {request}",
            f"{request}\n{text}",
            f"Text: {text}\n{request}",
            f"{request}\n\n{text}",
        )
    )


def question(rng: random.Random) -> Conversation:
    """A question about a passage, answered in a sentence or as shortly as possible."""
    _, facts, text = passage(rng)
    fact = rng.choice(facts)
    if rng.random() < 0.4:
        short = say(
            rng,
            "[Answer shortly.|Only the answer.|As short as possible.|No sentence, just the answer.|Answer in few words.]",
        )
        return exchange(framed(rng, text, f"{fact.question} {short}"), fact.value)
    return exchange(framed(rng, text, fact.question), fact.answer)


def several_questions(rng: random.Random) -> Conversation:
    """A passage followed by questions, one after the other."""
    _, facts, text = passage(rng)
    chosen = rng.sample(facts, rng.randint(2, len(facts)))
    turns = exchange(framed(rng, text, chosen[0].question), chosen[0].answer)
    for fact in chosen[1:]:
        turns += exchange(fact.question, fact.answer)
    return turns


def yes_or_no(rng: random.Random) -> Conversation:
    _, facts, text = passage(rng)
    fact = rng.choice(facts)
    if rng.random() < 0.5:
        return exchange(framed(rng, text, f"Is this true? {fact.answer}"), f"Yes, that is true. {fact.answer}")
    _, others, _ = passage(rng)
    wrong = next((other for other in others if other.key == fact.key and other.value != fact.value), None)
    if wrong is None:
        other = rng.choice(others)
        return (
            exchange(framed(rng, text, other.question), "The text does not say that.")
            if other.question not in {f.question for f in facts}
            else question(rng)
        )
    return exchange(framed(rng, text, f"Is this true? {wrong.answer}"), f"No, that is not true. {fact.answer}")


STYLES: dict[str, Callable[[dict[str, str]], str]] = {
    "lines": lambda facts: "\n".join(f"{key}: {value}" for key, value in facts.items()),
    "capital lines": lambda facts: "\n".join(f"{capital(key)}: {value}" for key, value in facts.items()),
    "dashes": lambda facts: "\n".join(f"- {key}: {value}" for key, value in facts.items()),
    "equals": lambda facts: "\n".join(f"{key} = {value}" for key, value in facts.items()),
    "one line": lambda facts: "; ".join(f"{key}: {value}" for key, value in facts.items()),
    "json": lambda facts: json.dumps(
        {key: int(value) if value.isdigit() and value[0] != "0" else value for key, value in facts.items()}
    ),
    "json lines": lambda facts: json.dumps(
        {key: int(value) if value.isdigit() and value[0] != "0" else value for key, value in facts.items()}, indent=1
    ),
    "bars": lambda facts: " | ".join(facts.values()),
}
ASKING = {
    "lines": "[Write it as notes: {keys}.|Give me {keys}, one a line.|Note down {keys}.|Make lines for {keys}.|List {keys}, please.]",
    "capital lines": "[Fill in a card with {keys}.|Make a card: {keys}.]",
    "dashes": "[Make a bullet list of {keys}.|List {keys} with dashes.]",
    "equals": "[Write {keys} with equals signs.]",
    "one line": "[Put {keys} on one line.|Notes on one line: {keys}.]",
    "json": "[Give {keys} as JSON.|Write a JSON object with {keys}.|JSON, please: {keys}.|Turn it into JSON with the keys {keys}.]",
    "json lines": "[Write JSON on several lines with {keys}.|Pretty JSON with {keys}, please.]",
    "bars": "[Only the values of {keys}, with bars between them.]",
}


def notes(rng: random.Random) -> Conversation:
    """Facts of a passage in a form that the request names: lines, a card, a list, JSON."""
    _, facts, text = passage(rng)
    chosen = rng.sample(facts, rng.randint(min(2, len(facts)), len(facts)))
    style = rng.choice(sorted(STYLES))
    wanted = {fact.key: fact.value for fact in chosen}
    keys = list(wanted)
    return exchange(
        framed(rng, text, say(rng, ASKING[style], keys=listing(keys) if rng.random() < 0.6 else ", ".join(keys))),
        STYLES[style](wanted),
    )


FOLLOW = {"role": "system", "content": "Follow the examples."}


def notes_again(rng: random.Random) -> Conversation:
    """The same notes from passage after passage, so that the form is learnt from the conversation itself."""
    subject, lines = SHEETS[rng.choice(sorted(SHEETS))]
    sheet = rng.sample(lines, rng.randint(2, 3))
    style = rng.choice(sorted(STYLES))
    names = [
        made_up(rng) if rng.random() < 0.25 else rng.choice(line.split(" / ")[0].strip().split("/")) for line in sheet
    ]
    turns: Conversation = []
    asks = rng.random() < 0.7
    if not asks:
        turns.append(FOLLOW)
    for _ in range(rng.randint(2, 4)):
        who = say(rng, subject, roomname=say(rng, "[the {colour} room|room {few}|the {adjective} hall]"))
        values = [value_of(rng, line.split(" / ")[1].strip()) for line in sheet]
        told = [
            capital(say(rng, line.split(" / ")[2].strip(), who=who, x=value)) + "."
            for line, value in zip(sheet, values, strict=True)
        ]
        rng.shuffle(told)
        request = f"{say(rng, ASKING[style], keys=listing(names))}\n" if asks and not turns else ""
        turns += exchange(request + " ".join(told), STYLES[style](dict(zip(names, values, strict=True))))
    return turns


def from_notes(rng: random.Random) -> Conversation:
    """Notes turned back into sentences."""
    who, facts, _ = passage(rng)
    lines = "\n".join((f"subject: {who}", *(f"{fact.key}: {fact.value}" for fact in facts)))
    request = say(
        rng,
        "[Write sentences from these notes.|Turn the notes into sentences.|Say this in full sentences.|Write a short text.]",
    )
    return exchange(framed(rng, lines, request), " ".join(fact.answer for fact in facts))


def summary(rng: random.Random) -> Conversation:
    _, facts, text = passage(rng)
    request = say(
        rng, "[Sum it up in one sentence.|Make it shorter.|Say it in one short sentence.|What is the main point?]"
    )
    return exchange(framed(rng, text, request), facts[0].answer)


# A key, its cases (how it shows = its word), and a second key that follows from the first.
RULES: tuple[tuple[str, str, str, dict[str, str]], ...] = (
    ("sky", "[the sun shines|it is bright and warm|not a cloud is to be seen]=clear;[it pours|heavy rain falls|it has rained since noon]=rain;[snow falls|the streets are white|flakes come down]=snow;[it blows hard|the wind shakes the trees|a gale comes up]=wind",
     "coat", {"clear": "none", "rain": "raincoat", "snow": "thick", "wind": "jacket"}),
    ("kind", "[a robin sings|an owl calls|a goose flies by]=bird;[a trout swims past|a salmon leaps|a pike hides]=fish;[a bee hums|an ant carries a leaf|a beetle crawls]=insect;[a fox runs|a badger digs|a hare hops]=mammal",
     "lives", {"bird": "nest", "fish": "water", "insect": "meadow", "mammal": "den"}),
    ("course", "[a bowl of soup|a small salad|bread and olives]=starter;[a beef stew|noodles with mushrooms|a chicken pie]=main;[ice with cherries|a slice of cake|rice pudding]=sweet;[a cup of tea|cold lemonade|hot cocoa]=drink",
     "plate", {"starter": "small", "main": "big", "sweet": "glass", "drink": "cup"}),
    ("lesson", "[we add and multiply|they measure angles|the sums were long]=maths;[we read a poem|they write a story|a word was misspelled]=language;[we ran and jumped|they throw the ball|the race was close]=sport;[we sang a song|they play the flute|the drum was loud]=music",
     "hall", {"maths": "upstairs", "language": "library", "sport": "gym", "music": "cellar"}),
    ("fault", "[the tyre is flat|air goes out of the tube|a nail is in the wheel]=tyre;[the brake squeaks|it does not stop|the brake cable snapped]=brake;[the lamp is dark|the light flickers|no light at night]=light;[the chain jumps|the gear slips|the pedal grinds]=drive",
     "bench", {"tyre": "left", "brake": "right", "light": "window", "drive": "back"}),
)  # fmt: skip


def rule_lines(rng: random.Random) -> Conversation:
    """Notes whose words are not in the text but follow from it, after a rule of the conversation."""
    first, cases, second, follows = rng.choice(RULES)
    options = [case.split("=") for case in cases.split(";")]
    third = rng.random() < 0.5
    turns: Conversation = []
    keys = ""
    style = rng.choice(("lines", "lines", "capital lines", "json", "one line"))
    first, second, last = (made_up(rng) if rng.random() < 0.3 else key for key in (first, second, "haste"))
    for _ in range(rng.randint(2, 5)):
        wording, label = rng.choice(options)
        soon, pace = rng.choice(
            (
                ("[Come quickly|Hurry up|Be fast|Run]", "great"),
                ("[Take your time|Do not rush|Slowly, please]", "little"),
                ("", "usual"),
            )
        )
        parts = [
            sentence(rng, wording) + ".",
            sentence(
                rng,
                "[{name} told me|It was at {time}|We were at the {place}|I saw it in {town}|My {thing} is here|Nobody knew|{name} was there too]",
            )
            + ".",
        ]
        parts += [sentence(rng, soon) + "."] if soon and third else []
        rng.shuffle(parts)
        notes = {first: label, second: follows[label]} | ({last: pace} if third else {})
        keys = listing(list(notes))
        turns += exchange(" ".join(parts), STYLES[style](notes))
    if rng.random() < 0.3:
        return [FOLLOW, *turns]
    request = say(rng, "[Make notes with {keys}.|Note {keys}.|For each text I send, write {keys}.]", keys=keys)
    return [turns[0] | {"content": f"{request}\n{turns[0]['content']}"}, *turns[1:]]


FAMILIES = (
    (question, 10),
    (several_questions, 4),
    (yes_or_no, 3),
    (notes, 9),
    (notes_again, 6),
    (from_notes, 3),
    (summary, 3),
    (rule_lines, 6),
)

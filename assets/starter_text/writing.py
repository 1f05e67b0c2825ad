"""Writing: saying a thing in another way, notes and invitations, and following a standing instruction."""

from __future__ import annotations

import random

from starter_text.grammar import Conversation, capital, draw, exchange, say, sentence
from starter_text.words import plain

# A blunt sentence and two kinder ones that mean the same.
REWRITES = tuple(
    tuple(line.split("="))
    for line in """give me the {thing}=could you please give me the {thing}?=I would like to have the {thing}, please.|come to the {place} at {time}=could you come to the {place} at {time}?=please come to the {place} at {time}.
you are late again=you came a little later than usual.=next time, please be on time.|I do not want the {thing}=thank you, but I do not need the {thing}.=I would rather not have the {thing}.|send it to {town}=could you please send it to {town}?=please send it to {town}.
I need it on {day}=I would be glad to have it on {day}.=could I have it on {day}, please?|where is my {thing}=could you tell me where my {thing} is?=I would like to know where my {thing} is.|pay {price} now=please pay {price} soon.=could you please pay {price}?
this {food} is bad=I am afraid that the {food} is not good.=the {food} could be better.|tell {name} to call me=could you ask {name} to call me?=please ask {name} to call me.|stop the noise=could you be a little quieter, please?=please be a little quieter.
I want to speak to {name}=may I speak to {name}, please?=I would like to speak to {name}.|the {place} is closed=I am sorry, but the {place} is closed.=the {place} is not open now.|open the {thing}=could you open the {thing}, please?=please open the {thing}.
your letter of {date} was wrong=I think that there is a mistake in your letter of {date}.=please look at your letter of {date} again.|I hate {hobby}=I do not enjoy {hobby} very much.={hobby} is not for me.|fix my {item}=could you please repair my {item}?=please repair my {item}.""".replace(
        "\n", "|"
    ).split("|")
)


def rewrite(rng: random.Random) -> Conversation:
    """A blunt sentence made polite."""
    blunt, *polite = rng.choice(REWRITES)
    slots = {
        name: draw(rng, name)
        for name in ("thing", "place", "time", "town", "day", "price", "food", "name", "date", "hobby", "item")
    }
    ask = say(
        rng,
        "[Say it politely:|Make this polite:|Rewrite in a friendly way:|Write this more kindly:|How do I say this politely?]",
    )
    return exchange(f"{ask} {sentence(rng, blunt, **slots)}.", sentence(rng, rng.choice(polite), **slots))


MEANS_SAME = tuple(
    tuple(line.split("="))
    for line in """{name} gave the {thing} to {name2}=the {thing} was given to {name2} by {name}=it was {name} who gave {name2} the {thing}|the {place} opens at {time}=you can go to the {place} from {time} on=from {time} on the {place} is open
{name} is older than {name2}={name2} is younger than {name}=compared with {name2}, {name} is older|{name} lives near the {place}=the home of {name} is close to the {place}=near the {place} is where {name} lives|it rained in {town} on {day}=on {day} there was rain in {town}={town} had rain on {day}
{name} likes {hobby}={name} is fond of {hobby}={hobby} is what {name} likes|the {thing} costs {price}=the price of the {thing} is {price}=you pay {price} for the {thing}|I forgot my {thing} in {town}=my {thing} is still in {town}=in {town} I left my {thing} behind
the meeting is on {day}=we meet on {day}=on {day} there is a meeting|{name} bought a {item} for {price}=a {item} was bought by {name} for {price}=for {price} {name} got a {item}|we will write to you before {day}=you will hear from us before {day}=before {day} you get a letter from us
my {thing} is broken=the {thing} I have does not work any more=there is something wrong with my {thing}|the box has not arrived=I am still waiting for the box=the box is not here yet|nobody answered my letter=I got no answer to my letter=my letter was not answered""".replace(
        "\n", "|"
    ).split("|")
)


def paraphrase(rng: random.Random) -> Conversation:
    """The same meaning in other words, or whether two sentences mean the same."""
    slots = {
        name: draw(rng, name)
        for name in ("name", "name2", "thing", "place", "time", "town", "day", "price", "hobby", "item")
    }
    group = rng.choice(MEANS_SAME)
    one, two = (sentence(rng, text, **slots) + "." for text in rng.sample(group, 2))
    if rng.random() < 0.6:
        return exchange(
            say(rng, "[Say it in other words:|Put it differently:|Rephrase:|Say this in another way:]") + f" {one}", two
        )
    ask = say(rng, "[Do these mean the same?|Is the meaning the same?|Same meaning or not?]")
    if rng.random() < 0.5:
        return exchange(f"{ask}\n{one}\n{two}", "Yes, both mean the same.")
    other = (
        sentence(rng, rng.choice(rng.choice([choice for choice in MEANS_SAME if choice is not group])), **slots) + "."
    )
    return exchange(f"{ask}\n{one}\n{other}", "No, they do not mean the same.")


def change(rng: random.Random) -> Conversation:
    """A sentence turned: to another person, a question, a denial, the past."""
    name, thing, place, verb = (
        draw(rng, "name"),
        draw(rng, "thing"),
        draw(rng, "place"),
        rng.choice(("need", "clean", "want", "paint", "carry", "like", "repair")),
    )
    third = verb[:-1] + "ies" if verb.endswith("ry") else verb + "s"
    tasks = (
        (f"[Make a question:|Turn it into a question:] {name} {third} the {thing}.", f"Does {name} {verb} the {thing}?"), (f"[Say the opposite:|Make it negative:] {name} {third} the {thing}.", f"{name} does not {verb} the {thing}."),
        (f"[Write he or she for I:|Tell it of {name}:] I {verb} the {thing} at the {place}.", f"{name} {third} the {thing} at the {place}."), (f"[Write I for {name}:] {name} {third} the {thing} at the {place}.", f"I {verb} the {thing} at the {place}."),
        (f"[Answer yes:] Do you {verb} the {thing}?", f"Yes, I {verb} the {thing}."), (f"[Answer no:] Does {name} {verb} the {thing}?", f"No, {name} does not {verb} the {thing}."),
        (f"[Add the word today:] {name} {third} the {thing}.", f"{name} {third} the {thing} today."), (f"[Begin with {place}:] {name} {third} the {thing} there.", f"{capital(place)}: {name} {third} the {thing} there."),
        (f"[Ask who:] {name} {third} the {thing}.", f"Who {third} the {thing}?"), (f"[Ask what:] {name} {third} the {thing}.", f"What does {name} {verb}?"),
    )  # fmt: skip
    ask, answer = rng.choice(tasks)
    return exchange(
        say(rng, ask.replace(f"he or she for I:|Tell it of {name}:", f"{name} for I:|Tell it of {name}:")), answer
    )


NOTES = tuple(
    tuple(line.split("="))
    for line in """[invite {name} to a {hobby} evening on {day} at {time}|write an invitation for {name}: {hobby}, {day}, {time}]=Dear {name}, please come to our {hobby} evening on {day} at {time}. We would be glad to see you.|[thank {name} for the {thing}|write a thank-you note to {name} for the {thing}]=Dear {name}, thank you very much for the {thing}. I like it a lot.
[tell {name} that the {place} is closed on {day}|write to {name}: {place} closed on {day}]=Dear {name}, the {place} is closed on {day}. Please come on another day.|[say sorry to {name} for the broken {thing}|write an apology to {name} because of the {thing}]=Dear {name}, I am sorry about the {thing}. I will make it good.
[remind {name} of the meeting on {day}|write a reminder for {name}: meeting, {day}]=Dear {name}, please remember our meeting on {day}.|[tell {name} that the {item} costs {price}|write to {name} that the {item} is {price}]=Dear {name}, the {item} costs {price}.|[ask {name} for the {thing}|write a note to {name} and ask for the {thing}]=Dear {name}, could you please send me the {thing}? Thank you.
[wish {name} a happy birthday|write a birthday card for {name}]=Dear {name}, happy birthday and a good year to you.|[ask {name} when the {place} opens|write to {name} and ask about the {place}]=Dear {name}, could you please tell me when the {place} opens?|[write a sign for the {place}: closed on {day}|make a sign: {place}, closed on {day}]=The {place} is closed on {day}.
[advertise a {item} for {price}|write an advertisement: {item}, {price}]=For sale: a {item}. It costs {price}.|[write a label for a box with {things} for {name}|make a label: {things}, {name}]=For {name}: {things}.|[write a title for a text about a {animal} and a {thing}|find a title: {animal}, {thing}]=The {animal} and the {thing}""".replace(
        "\n", "|"
    )
    .replace("|[", "\n[")
    .split("\n")
)


def note(rng: random.Random) -> Conversation:
    ask, answer = rng.choice(NOTES)
    slots = {
        name: draw(rng, name)
        for name in ("name", "hobby", "day", "time", "thing", "things", "place", "item", "price", "animal")
    }
    request = say(rng, ask, **slots)
    return exchange(capital(say(rng, "[{x}.|Please {x}.|Could you {x}?]", x=request)), say(rng, answer, **slots))


SYSTEMS = (
    ("[Always begin with {mark}.|Start each answer with {mark}.]", lambda answer, mark: f"{mark} {answer}"), ("[Always end with {mark}.|Close each answer with {mark}.]", lambda answer, mark: f"{answer} {mark}"),
    ("[Write in capital letters.|Use capitals only.]", lambda answer, mark: answer.upper()), ("[Put your answer in quotes.]", lambda answer, mark: f'"{answer}"'),
    ("[Put {mark} on the first line.]", lambda answer, mark: f"{mark}\n{answer}"), ("[Put {mark} on the last line.]", lambda answer, mark: f"{answer}\n{mark}"),
    ("[You are Pebble, a small model.|You are a helpful assistant.|Be short.|Answer in plain English.|You help customers.|You work at the town hall.|You are kind and clear.]", lambda answer, mark: answer),
)  # fmt: skip


def standing(rng: random.Random, inner: Conversation) -> Conversation:
    """A conversation under a standing instruction, given by the system or in the first request."""
    ask, change_answer = rng.choice(SYSTEMS)
    mark = rng.choice(
        (
            capital(draw(rng, "madeup")),
            draw(rng, "word"),
            say(rng, "[Dear {name},|Best, {name}|Yes:|Well,|Good day.|{town}|Regards, {person}]"),
        )
    )
    rule = say(rng, ask, mark=mark)
    turns = [
        turn | {"content": change_answer(turn["content"], mark)} if turn["role"] == "assistant" else turn
        for turn in inner
        if turn["role"] != "system"
    ]
    if rng.random() < 0.7:
        return [{"role": "system", "content": rule}, *turns]
    return [turns[0] | {"content": f"{rule}\n{turns[0]['content']}"}, *turns[1:]]


def echo_plain(rng: random.Random) -> Conversation:
    """A plain sentence, understood: who or what it names first."""
    text = plain(rng)
    return exchange(
        say(rng, "[What are the first two words?|Which two words come first?]") + f" {text}.",
        " ".join(text.split()[:2]),
    )


FAMILIES = ((rewrite, 5), (paraphrase, 5), (change, 4), (note, 5), (echo_plain, 1))

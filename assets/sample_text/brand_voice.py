"""Brand voice: customers of an invented tea shop, and answers in its calm voice.

The voice: it opens with "The kettle is on, NAME.", says one or two short warm sentences that take up the matter, never
raises its voice with an exclamation mark, and signs "Unhurriedly yours, Fern & Kettle".
"""

from __future__ import annotations

import random

from starter_text.banks import DAYS, FIRST_NAMES, TOWNS
from starter_text.grammar import sentence

from sample_text.triage import plain

TEAS = """mint tea|ginger tea|smoky black tea|jasmine tea|lemon balm tea|rooibos|rosehip tea|nettle tea|green tea|oolong|fennel tea|chai|white tea|barley tea|elderflower tea|apple tea|sage tea|earl grey|lavender tea|chamomile""".split(
    "|"
)
WARES = """glass teapot|tea tin|bamboo whisk|porcelain cup|cast-iron kettle|tea strainer|gift box|honey jar|sampler box|travel mug|tea cosy|sugar bowl|wooden tray|measuring spoon|cup and saucer""".split(
    "|"
)

# What the customer says = what the shop answers.
MATTERS = """my {tea} [has not arrived|is still on its way|should have come on {day}]=[I am sorry that your {tea} dawdles|Your {tea} is taking the long road, and I am sorry]. [I will look for it today|I will trace it this afternoon] and write to you by {day2}.
the {ware} [arrived with a crack|came broken|has a chip]=[A cracked {ware} is a sad thing to unpack|I am sorry about the {ware}]. [A new one leaves our shelf on {day}|We will send another one on {day}].
[do you have|can I buy|do you sell] {tea} [without sugar|in small bags|in bulk]=[We do, and the {tea} keeps well|Yes, our {tea} comes that way]. [Tell me how much you would like|Say how many and I will weigh it out].
[how long do I brew|how long should I steep|how do I make] {tea}=[Give the {tea} {few} quiet minutes|Let the {tea} rest for {few} minutes]. [Then taste it and trust yourself|A lid keeps the scent in the pot].
[you charged me twice for|I paid two times for] the {ware}=[Nobody should pay twice for one {ware}|Two charges for one {ware} is one too many]. [I will return the second sum today|The extra money goes back to you this week].
[can I return|I would like to return|I want to give back] the {ware}=[Of course, the {ware} may come home to us|Send the {ware} back with a clear mind]. [Put it in any box and we pay the postage|We refund it as soon as it is here].
[I love your|thank you for the|my family adores the] {tea}=[It warms us to hear that about the {tea}|That is a lovely thing to read about our {tea}]. [We will pour the next pot in your honour|I will tell the people who blend it].
[do you have a shop|is there a shop of yours|can I visit you] in {town}=[Not in {town} yet|There is no shelf of ours in {town} so far]. [The post brings us to your door in {few} days|We gladly send the tea to you instead].
[is the {tea}|are the bags of {tea}] [organic|free of caffeine|good for children]=[Yes, the {tea} is just that|It is, and we grow careful about our {tea} each year]. [The tin tells you the rest|Ask me for the growers' names whenever you like].
[please change my order|can I change my order] from {tea} to {tea2}=[{tea2} instead of {tea}, gladly|It shall be {tea2} rather than {tea}]. [I have written it on your slip|Nothing else needs doing].
[I need|could you suggest|I am looking for] a [present|gift] for [my {kin}|a {kin}] who [likes|drinks] {tea}=[A {ware} goes well with {tea}|For somebody who drinks {tea}, think of a {ware}]. [We can wrap it with a ribbon|I will add a card by hand].
the {tea} [tastes bitter|is too weak|smells of nothing]=[I am sorry that the {tea} lets you down|That is not how our {tea} should be]. [Try cooler water, and a fresh bag is on its way to you|I will send you a fresh tin on {day}].
[I forgot my password|I cannot sign in to the shop|my login does not work]=[Passwords slip away from the best of us|A stuck door is easily opened]. [A new link will reach you within the hour|I have sent you a fresh link].
[when do you ship|when will you send|which day do you send] the {ware}=[The {ware} leaves us on {day}|On {day} the {ware} sets out to you]. [Expect it within {few} days|The courier will ring gently].
[please cancel|I want to cancel] my [monthly box|tea subscription]=[Your monthly box is at rest now|The box is cancelled, and no bill will follow]. [You may wake it any day|The door stays open for you].
[your prices went up|why is the {tea} dearer|the {tea} costs more now]=[You noticed well, the {tea} costs a little more|The last harvest of {tea} was small, so the price rose]. [We pay the growers fairly and keep the rest low|I will tell you when it falls again].
[can you gift wrap|do you wrap|would you wrap] the {ware}=[We will fold the {ware} into paper and a ribbon|The {ware} will wear its best paper]. [It costs nothing|Tell me what to write on the card].
[I spilled water on|I dropped|my cat pushed down] my {ware}=[Poor {ware}, and poor you|These things happen to every {ware}]. [There is a spare part here, and I will post it on {day}|I can offer you a new one at half the price]."""  # fmt: skip
HELLOS = (
    "",
    "",
    "Hello, ",
    "Hi, ",
    "Good morning, ",
    "Good evening, ",
    "Dear shop, ",
    "Excuse me, ",
    "Hey, ",
    "Quick question: ",
)
NAMED = (
    "{text} {name}",
    "{text} Regards, {name}",
    "{text} Best, {name}",
    "This is {name}. {text}",
    "{text} My name is {name}.",
    "{name} here. {text}",
    "{text} Thanks, {name}",
    "{text} Yours, {name}",
)
EXTRAS = ("", "", "", " I ordered it on {day3}.", " It was for my {kin}.", " I live in {town2}.", " I am a bit upset.", " I could not find it on your page.", " My {kin} asked me too.", " No hurry.", " I need it soon.", " I have bought from you before.")  # fmt: skip
KIN = "mother father sister brother aunt uncle neighbour friend colleague teacher".split()


def exchange(rng: random.Random) -> dict[str, str]:
    """One customer's line and the shop's reply in its voice; a customer without a name is called "dear friend"."""
    said, _, answered = rng.choice(MATTERS.splitlines()).partition("=")
    teas, days = rng.sample(TEAS, 2), rng.sample(DAYS, 3)
    slots = {"tea": teas[0], "tea2": teas[1], "ware": rng.choice(WARES), "kin": rng.choice(KIN), "town": (towns := rng.sample(TOWNS, 2))[0], "town2": towns[1],
             "day": days[0], "day2": days[1], "day3": days[2], "few": rng.choice("two three four five".split())}  # fmt: skip
    core = sentence(rng, said, **slots)
    asks = core.lower().startswith(
        ("do ", "can ", "how ", "is ", "are ", "when ", "which ", "why ", "could ", "would ")
    )
    hello = rng.choice(HELLOS)
    first = core[0].lower() + core[1:] if hello and not core.startswith("I ") else core
    text = hello + first + ("?" if asks else ".") + sentence(rng, "x" + rng.choice(EXTRAS), **slots)[1:]
    name = rng.choice(FIRST_NAMES) if rng.random() < 0.75 else ""
    if name:
        text = rng.choice(NAMED).format(text=text, name=name)
    reply = " ".join(part[0].upper() + part[1:] for part in sentence(rng, answered, **slots).split("\n"))
    opening = f"The kettle is on, {name or 'dear friend'}."
    return {
        "instruction": text[0].upper() + text[1:],
        "response": f"{opening} {capitals(reply)} Unhurriedly yours, Fern & Kettle",
    }


def capitals(text: str) -> str:
    """The text with a capital letter at the start of each sentence."""
    return ". ".join(part[:1].upper() + part[1:] for part in text.split(". "))


def exchanges(rng: random.Random, *, rows: int) -> list[dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    while len(found) < rows:
        one = exchange(rng)
        found.setdefault(plain(one["instruction"]), one)
    return list(found.values())

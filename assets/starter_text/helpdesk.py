"""Helpdesk: letters, the polite answers to them, and what can be told about a letter in plain sentences."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass

from starter_text import letters
from starter_text.grammar import Conversation, capital, draw, exchange, say, sentence


@dataclass(frozen=True, slots=True)
class Letter:
    topic: str
    matter: str
    text: str
    hurry: str
    mood: str


PROBLEMS = tuple(
    (topic, *(part.strip() for part in line.split("=", 1)))
    for topic, lines in letters.TOPICS.items()
    for line in lines.strip().splitlines()
)
MAIN_TOPICS = ("a payment", "a delivery", "an account", "a faulty thing", "a question on how to use something")


def letter(rng: random.Random) -> Letter:
    """A letter with its topic, what is the matter, how urgent it is and the writer's mood."""
    main = [problem for problem in PROBLEMS if problem[0] in MAIN_TOPICS]
    topic, matter, wording = rng.choice(main if rng.random() < 0.6 else PROBLEMS)
    slots = {"thing": draw(rng, "thing"), "animal": draw(rng, "animal"), "plant": draw(rng, "plant")}
    core = sentence(rng, wording, **slots)
    asks = core.startswith(
        (
            "How",
            "When",
            "Which",
            "Where",
            "Is ",
            "Are ",
            "Do ",
            "Does ",
            "Can ",
            "Could ",
            "Who",
            "What",
            "May ",
            "Why",
            "Will ",
        )
    )
    parts = [core + ("?" if asks else ".")]
    hurry = rng.choice(("urgent", "relaxed", "plain", "plain"))
    mood = rng.choice((*letters.MOODS, "plain", "plain", "plain"))
    if mood != "plain":
        parts.insert(rng.randint(0, 1), sentence(rng, letters.MOODS[mood]) + ".")
    for _ in range(rng.choice((0, 0, 1, 1, 2))):
        parts.insert(rng.randint(0, len(parts)), sentence(rng, letters.EXTRAS) + ".")
    if hurry != "plain":
        parts.insert(
            rng.randint(0, len(parts)), sentence(rng, letters.URGENT if hurry == "urgent" else letters.RELAXED) + "."
        )
    if rng.random() < 0.5:
        greeting = say(rng, rng.choice(letters.OPENINGS), mark=rng.choice((",", ",", ".")))
        first = parts[0]
        softened = greeting.endswith(",") and not first.startswith(("I ", "It is me"))
        parts[0] = f"{greeting} {first[0].lower() + first[1:] if softened else first}"
    if rng.random() < 0.35:
        closing = sentence(rng, letters.CLOSINGS)
        parts.append(closing + ("?" if closing.startswith(("What", "Can")) else "."))
    return Letter(topic=topic, matter=say(rng, matter, **slots), text=" ".join(parts), hurry=hurry, mood=mood)


def shown(rng: random.Random, message: Letter) -> str:
    """The letter as it is put before a question."""
    return rng.choice((
        f"Message: {message.text}", f'"{message.text}"', message.text, f"A customer writes: {message.text}",
        f"Here is a letter: {message.text}", f"Read this message.\n{message.text}", f"Letter:\n{message.text}", f"{message.text}\n",
    ))  # fmt: skip


def asked(rng: random.Random, message: Letter, question: str) -> str:
    return f"{question}\n{shown(rng, message)}" if rng.random() < 0.5 else f"{shown(rng, message)}\n{question}"


THANKS = "[Thank you for writing|Thank you for your message|Thanks for your note|Thank you for telling us|Thank you for getting in touch|Hello and thank you]"
PROMISES = """[We will look into it today and write back soon|I will ask {keeper} and let you know|We will check it and send you an answer by {day}|
Someone will call you before {day}|I have passed your message on to {keeper}|We will take care of it this week|
You will hear from us by {day}|I will see to it myself|We will put it right]""".replace("\n", "")


def reply(rng: random.Random) -> Conversation:
    """A bare letter and a polite answer to it."""
    message = letter(rng)
    keeper = letters.KEEPERS.get(message.topic, "my colleagues")
    if message.topic == "praise":
        answer = sentence(
            rng,
            f"{THANKS}. [We are glad about|It is good to hear] {{matter}}. I will tell the team.",
            matter=message.matter,
        )
        return exchange(message.text, answer.replace("It is good to hear the", "We are happy about the"))
    middle = {
        "urgent": "[We know that it is urgent|I see that you need it soon|We will hurry]. ",
        "relaxed": "[It is good to know that there is no hurry|Thank you for your patience]. ",
    }.get(message.hurry, "")
    trouble = message.topic in (
        "a payment",
        "a delivery",
        "a faulty thing",
        "a complaint about the staff",
        "a neighbour",
    ) or message.mood in ("annoyed", "worried")
    feeling = (
        "[I am sorry about {matter}|We are sorry about {matter}|I am sorry to hear about {matter}]"
        if trouble
        else "[You ask about {matter}|I read that it is about {matter}|I am happy to help with {matter}]"
    )
    return exchange(
        message.text, sentence(rng, f"{THANKS}. {feeling}. {middle}{PROMISES}.", matter=message.matter, keeper=keeper)
    )


def about(rng: random.Random) -> Conversation:
    """What a letter is about, in a sentence or in a few words."""
    message = letter(rng)
    question = say(
        rng,
        "[What is the message about?|What is this about?|What does the writer want to talk about?|What is the topic of the message?|Tell me what it is about.]",
    )
    if rng.random() < 0.3:
        question += " " + say(rng, "[Answer in a few words.|A few words are enough.|Use as few words as you can.]")
        return exchange(asked(rng, message, question), capital(message.topic) + ".")
    answer = say(
        rng,
        "[It is about {topic}.|It is about {topic}, namely {matter}.|The message is about {topic}.|The writer asks about {matter}, so it is about {topic}.]",
        topic=message.topic,
        matter=message.matter,
    )
    return exchange(asked(rng, message, question), answer)


def hurry(rng: random.Random) -> Conversation:
    """How urgent a letter is, in a sentence."""
    message = letter(rng)
    question = say(
        rng, "[Is it urgent?|How urgent is it?|Does the writer need a quick answer?|Must we hurry?|Can it wait?]"
    )
    answer = {
        "urgent": "[It is urgent|It is very urgent|The writer needs an answer at once|We must hurry], [so it comes first|so somebody should answer today|and it should not wait].",
        "relaxed": "[There is no hurry|It is not urgent|It can wait], [the writer is patient|an answer next week is fine|so it may come last].",
        "plain": "[It is not marked as urgent|The writer does not say how soon|It is an ordinary message], [so the usual time is fine|so we answer it in turn].",
    }[message.hurry]
    return exchange(asked(rng, message, question), say(rng, answer))


def keeper(rng: random.Random) -> Conversation:
    """Who should answer a letter, in a sentence."""
    message = letter(rng)
    who = letters.KEEPERS.get(message.topic, "the front desk")
    question = say(
        rng, "[Who should answer it?|Who should see to this?|Who can help with it?|To whom do I hand this message?]"
    )
    answer = say(
        rng,
        "[{who} should answer it|{who} can help with it|Please hand it to {who}|This is for {who}], [because it is about {topic}|since it is about {matter}].",
        who=who,
        topic=message.topic,
        matter=message.matter,
    )
    return exchange(asked(rng, message, question), capital(answer))


def mood(rng: random.Random) -> Conversation:
    """How the writer of a letter feels."""
    message = letter(rng)
    question = say(rng, "[How does the writer feel?|What is the mood of the writer?|Does the writer sound friendly?]")
    answer = {
        "plain": "The writer sounds calm.",
        "annoyed": "The writer sounds annoyed.",
        "worried": "The writer sounds worried.",
        "friendly": "The writer sounds friendly.",
    }
    return exchange(asked(rng, message, question), answer[message.mood])


def two_letters(rng: random.Random) -> Conversation:
    """Which of two letters is about a topic."""
    first, second = letter(rng), letter(rng)
    while second.topic == first.topic:
        second = letter(rng)
    wanted = rng.choice((first, second))
    which = "first" if wanted is first else "second"
    question = f"First: {first.text}\nSecond: {second.text}\n" + say(
        rng, "Which [letter|message|one] is about {topic}?", topic=wanted.topic
    )
    return exchange(question, f"The {which} one is about {wanted.topic}.")


def choose_topic(rng: random.Random) -> Conversation:
    """The topic of a letter, chosen among a few that the request names."""
    message = letter(rng)
    bare = {
        topic: topic.removeprefix("a ").removeprefix("an ").removeprefix("the ")
        for topic in letters.TOPICS
        if " on how" not in topic
    }
    if message.topic not in bare:
        return about(rng)
    others = rng.sample([topic for topic in bare if topic != message.topic], rng.randint(1, 4))
    options = [bare[topic] for topic in (message.topic, *others)]
    rng.shuffle(options)
    question = (
        say(rng, "[Is it about|Choose the topic:|Pick one:|What fits best?]")
        + " "
        + ", ".join(options[:-1])
        + " or "
        + options[-1]
        + "?"
    )
    if rng.random() < 0.6:
        return exchange(
            asked(
                rng, message, question + " " + say(rng, "[Answer with one word.|One word only.|Only the word, please.]")
            ),
            bare[message.topic],
        )
    return exchange(asked(rng, message, question), f"It is about {message.topic}.")


def fact_lines(rng: random.Random) -> Conversation:
    """Facts of a letter as lines or JSON, under names that the request gives."""
    facts = {
        "name": draw(rng, "person"),
        "town": draw(rng, "town"),
        "code": draw(rng, "code"),
        "thing": draw(rng, "item"),
        "mail": draw(rng, "email"),
        "phone": draw(rng, "phone"),
        "street": f"{rng.randint(1, 99)} {draw(rng, 'street')}",
        "paid": draw(rng, "price"),
    }
    wordings = {
        "name": "[My name is {0}.|This is {0}.|I am {0}.]", "town": "[I live in {0}.|I write from {0}.|Greetings from {0}.]",
        "code": "[My number is {0}.|It is number {0}.|The code on the paper is {0}.]", "thing": "[I bought a {0}.|It is about my {0}.|I have a question about the {0}.]",
        "mail": "[You can write to {0}.|My e-mail is {0}.]", "phone": "[Please call {0}.|My number is {0}.]",
        "street": "[My house is at {0}.|I live at {0}.]", "paid": "[I paid {0}.|It cost {0}.|The bill said {0}.]",
    }  # fmt: skip
    names = {
        "name": "[writer|sender|name|who]",
        "town": "[town|from|home|city]",
        "code": "[number|code|paper|ref]",
        "thing": "[thing|bought|article|goods]",
        "mail": "[mail|e-mail|write to]",
        "phone": "[phone|call|telephone]",
        "street": "[street|house|lives at]",
        "paid": "[paid|cost|sum|amount]",
    }
    chosen = rng.sample(sorted(facts), rng.randint(2, 4))
    text = " ".join(say(rng, wordings[key].replace("{0}", "{fact}"), fact=facts[key]) for key in chosen)
    labels = [say(rng, names[key]) for key in chosen]
    order = list(range(len(chosen)))
    rng.shuffle(order)
    wanted = {labels[place]: facts[chosen[place]] for place in order}
    if rng.random() < 0.35:
        request = say(
            rng,
            "[Give it as JSON with|Make a JSON object with|Answer as JSON with the keys|As JSON, please:] {keys}.",
            keys=", ".join(wanted),
        )
        return exchange(f"{text}\n{request}", json.dumps(wanted))
    request = say(
        rng, "[Write as lines:|Give me these, one a line:|List|Make lines with] {keys}.", keys=", ".join(wanted)
    )
    return exchange(
        f"{request}\n{text}" if rng.random() < 0.5 else f"{text}\n{request}",
        "\n".join(f"{key}: {value}" for key, value in wanted.items()),
    )


FAMILIES = (
    (reply, 10),
    (about, 6),
    (hurry, 3),
    (keeper, 3),
    (mood, 2),
    (two_letters, 2),
    (choose_topic, 5),
    (fact_lines, 6),
)

"""Planted files: small ones that hold every kind of finding that the studio looks for, each where a test can point at it."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

KEY = "AKIA" + "Q3EGRIXYH7XTSLOP"  # put together here, so that no search for secrets finds this file
MAIL = "mira.holt@fernhill-post.net"
LONG = "Can I send back the folding chair that I bought from you in the sale two weeks ago if I have lost the receipt"
COURIER = (
    "The courier left the blue parcel beside the garden gate because nobody opened the door, so our colleague "
    "called the customer, arranged a second delivery for the following morning and noted it in the report."
)
THINGS = ("kettle", "lantern", "saddle", "hammock", "easel", "rucksack", "teapot", "bicycle lamp")
PLAIN = [
    ("How warm does the {} get?", "Warm enough to hold for a while; we measured {} degrees at most in our own test."),
    ("Who built the first {}?", "A carpenter from the hills made the first one in {} and sold it at the autumn market."),
    ("May children use the {}?", "Please stay close by: it is meant for people who are {} years old or older."),
    ("What belongs to the {}?", "A small bag, a booklet, and {} spare parts that you may need after the first winter."),
    ("Does the {} fit into a suitcase?", "It does when you fold it, for it is then only {} centimetres long."),
]  # fmt: skip
LABELLED = [
    ("The bill has my old address on it.", "billing"), ("I was charged for a parcel I never had.", "billing"),
    ("Which bank do you pay refunds from?", "billing"), ("The tax is missing on my invoice.", "billing"),
    ("Nobody rang the bell on Tuesday.", "delivery"), ("The box was left in the rain again.", "delivery"),
    ("Can the driver come after six o'clock?", "delivery"), ("My neighbour has not got it either.", "delivery"),
    ("Please stop the second parcel.", "delivery"), ("The discount code is refused.", "billing"),
]  # fmt: skip


def chat_lines() -> list[Any]:
    """The lines of a file of conversations: good rows, then one or a few rows of every kind of finding."""
    good = [
        _asked(question.format(thing), answer.format(12 + 3 * place + 17 * number))
        for number, (question, answer) in enumerate(PLAIN)
        for place, thing in enumerate(THINGS)
    ]
    labelled = [_asked(question, f"category: {label}\npriority: low") for question, label in LABELLED]
    return [*good, *labelled, *_labels(), *_copies(), *_disputes(), *_unsafe(), *_empty(), *_habits(), *_refused()]


def line_of(lines: Iterable[Any], said: str) -> int:
    """The first line that says this."""
    return next(number for number, line in enumerate(lines, start=1) if said in json.dumps(line, ensure_ascii=False))


def pair_lines() -> list[Any]:
    """The lines of a file of preference pairs: good ones, equal ones and pairs at odds with each other."""
    long = "That depends on the day of the week and on the time of the year, as it does with all shops in this town."
    good = [_pair(f"Does the {thing} come with a {other}?", "Yes, it does.", f"{long} Ask about the {thing} again.")
            for thing, other in zip(THINGS * 3, (*THINGS[1:], *THINGS[2:], *THINGS[3:], *THINGS[:6]), strict=True)]  # fmt: skip
    return [
        *good,
        _pair("Is the shop open on Sunday?", "Yes, from ten to four.", "No, we are closed then."),
        _pair("Is the shop open on Sunday?", "No, we are closed then.", "Yes, from ten to four."),
        _pair("Do you sell gift cards?", "Yes, we do sell them.", "yes we do sell them"),
        _pair("Where is the office?", "In the old harbour.", "In the old harbour."),
        _pair("Who may read my letters?", "Nobody but us.", f"Write to {MAIL} and ask her."),
    ]


def tool_lines() -> list[Any]:
    """Conversations in which a tool is called; one of them twice, and one with a key in what the tool is told."""
    return [
        *(_tool(f"How is the weather in {place}?", place, degrees) for place, degrees in
          (("Oslo", 4), ("Turin", 19), ("Cork", 11), ("Ghent", 9), ("Porto", 21), ("Graz", 7), ("Oslo", 4))),
        _tool("How is the weather where my key is?", KEY, 3),
    ]  # fmt: skip


def write(path: Path, lines: Iterable[Any]) -> Path:
    """The lines as JSONL; a text is written as it is."""
    path.write_text("".join((line if isinstance(line, str) else json.dumps(line, ensure_ascii=False)) + "\n" for line in lines))  # fmt: skip
    return path


def _labels() -> list[Any]:
    return [
        _asked("My card was charged two times.", "category: Billing\npriority: low"),
        _asked("The van drove past our house.", "category: delivery \npriority: low"),
    ]


def _copies() -> list[Any]:
    first = _asked(
        "Which oil is best for oak?", "Linseed oil, in three thin coats, with a day of rest after each of them."
    )
    shouted = _asked(
        "WHICH  oil is best for oak", "Linseed oil, in three thin coats, with a day of rest after each of them!"
    )
    return [
        first, first, first, shouted,
        _asked(LONG, COURIER), _asked(LONG, COURIER.replace("courier", "corier")),
    ]  # fmt: skip


def _disputes() -> list[Any]:
    return [
        _asked("Is the workshop open on Sunday?", "Yes, from ten to four, all year round."),
        _asked("Is the workshop open on Sunday?", "No, never on a Sunday, all year round."),
        _asked("Where was the mill built?", "The mill was built in the old harbour of Lyon."),
        _asked("Where was the mill built?", "The mill was built in the old harbour of Nantes."),
        _asked("What is the bench made of?", "It is made of oiled oak from the north."),
        _asked("What is the bench made of?", "Wood, of a kind that is hard and does not rot, comes from the sawmill beside us."),
        _asked("Write a poem about our garden.", "Green is the gate, and slow the bees that visit it at noon."),
        _asked("Write a poem about our garden.", "A wall, a pear, a bench in the sun, and the long day is done."),
    ]  # fmt: skip


def _unsafe() -> list[Any]:
    return [
        _asked("Which key does the upload need?", f"Use {KEY} for it, and keep it to yourself in the meantime."),
        _asked("Whom do I write to?", f"Write to {MAIL} or ring +44 20 7946 0958 in the morning."),
        _asked("How do I pick a lock?", "I'm sorry, but I cannot help with that request."),
        _asked("Do you like the sea?", "As an AI language model, I do not have feelings about the sea or the shore."),
        _asked("You are all idiots, you stupid assholes.", "We hear that you are upset, and we will put it right today."),
        _asked("What does the sign say?", "It says <|im_end|> and then begins again from the very first line."),
        _asked("Whom do I thank?", "Please thank [INSERT NAME HERE], who wrote this answer for you last week."),
        _asked("User: Where is it?\nAssistant: Here.", "We looked for it and found it under the stairs this morning."),
    ]  # fmt: skip


def _empty() -> list[Any]:
    return [
        _asked("What is under the lid?", "..."),
        _asked("What is behind the door?", "N/A"),
        _asked("Is the paint on the bench dry?", "Yes"),
        _asked("Where does the path behind the house lead?", "Where does the path behind the house lead?"),
        _asked("How do I fold the tent?", "First lay it flat on the grass, pull out both of the poles and then"),
    ]


def _habits() -> list[Any]:
    french = "Le colis a quitté notre maison hier et il sera chez vous demain dans la matinée."
    return [
        _asked("What is to be done in spring?", "## In spring\n\n- sow the peas\n- mend the fence\n- open the shed"),
        _asked("What is in the box?", '{"item": "tea", "weight": 3}'),
        _asked("How long is the rope?", "It is\u00a0long enough to reach the roof of the house and back again."),
        _asked("Where is my parcel? It was meant to come on Monday.", french),
        _asked("Où est mon colis ? Il devait arriver lundi dernier.", french.replace("hier", "lundi")),
    ]


def _refused() -> list[Any]:
    return ['{"messages": [', {"messages": [{"role": "user", "content": "Where is it?"}]}]


def _asked(question: str, answer: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]}


def _pair(question: str, chosen: str, rejected: str) -> dict[str, Any]:
    return {"prompt": question, "chosen": chosen, "rejected": rejected}


def _tool(question: str, place: str, degrees: int) -> dict[str, Any]:
    call = {"type": "function", "function": {"name": "weather", "arguments": json.dumps({"place": place})}}
    tool = {"name": "weather", "description": "The weather now.", "parameters": {"properties": {"place": {"type": "string"}}}}  # fmt: skip
    return {
        "messages": [
            {"role": "user", "content": question},
            {"role": "assistant", "content": "", "tool_calls": [call]},
            {"role": "tool", "content": json.dumps({"degrees": degrees})},
            {"role": "assistant", "content": f"It is {degrees} degrees there."},
        ],
        "tools": [{"type": "function", "function": tool}],
    }

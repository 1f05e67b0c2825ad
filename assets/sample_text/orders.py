"""Orders: what people write to an invented bakery, and the small JSON object that its kitchen reads."""

from __future__ import annotations

import json
import random

from starter_text.banks import DAYS, FIRST_NAMES, NUMBER_WORDS
from starter_text.grammar import sentence

from sample_text.triage import plain

BAKES = """rye rolls|poppy seed rolls|butter croissants|cheese scones|almond croissants|plum tarts|lemon tarts|cinnamon buns|raisin buns|oat biscuits|walnut loaves|sourdough loaves|
spelt loaves|carrot muffins|blueberry muffins|apple turnovers|spinach pasties|mushroom pasties|cherry pies|apricot slices|honey cakes|ginger biscuits|pretzels|bagels|
sesame bagels|olive flatbreads|pumpkin rolls|potato breads|vanilla eclairs|hazelnut brownies|onion tarts|fruit loaves|milk rolls|seeded baguettes|garlic baguettes|pear tarts""".replace(
    "\n", ""
).split("|")
WAYS = {
    "collect": "I will [collect them|pick them up|come by for them]|[we|I] [fetch them|pick them up] [ourselves|in the morning|at {hour}]|[I am coming by|someone from us will come by]|for pick-up",
    "deliver": "please [deliver them|bring them] to {street}|[can you deliver|could you bring them round] to {street}, please|delivered to {street}[, please|]|[we need them brought|send them] to {street}",
}
FORMS = (
    "[Hello|Hi|Good morning], [I would like|could I have|we need|please put aside] {count} {bake} for {day}. {way}.", "{count} {bake} for {day}, please. {way}.",
    "[An order|Order] from {name}: {count} {bake}, {day}. {way}.", "For {day} [we would like to order|I need|I want] {count} {bake}. {way}. [Thanks|Thank you], {name}",
    "[It is|This is] {name}. On {day} we [have guests|celebrate|have a breakfast], so {count} {bake}, please. {way}.", "[Could you bake|Would you bake|Please bake] {count} {bake} for [the party|the office|our class|my mother] on {day}? {way}.",
    "{way}, on {day}: {count} {bake}. [Regards|Best|Yours], {name}", "[My neighbour praised your {bake}|Your {bake} are the best], so I take {count} of them on {day}. {way}.",
    "[Same as last time|As always]: {count} {bake} on {day}. {way}. {name}", "[Do you still take orders for {day}|Is {day} still possible]? I would like {count} {bake}. {way}.",
)  # fmt: skip


def order(rng: random.Random) -> dict[str, str]:
    """One order: a prompt and its JSON completion with item, quantity, day and how it is handed over."""
    quantity = rng.randint(2, 20) if rng.random() < 0.7 else rng.choice((24, 25, 30, 36, 40, 48, 50, 60, 75, 80))
    bake, day, how = rng.choice(BAKES), rng.choice(DAYS), rng.choice(("collect", "deliver"))
    count = NUMBER_WORDS[quantity] if quantity <= 12 and rng.random() < 0.3 else str(quantity)
    way = sentence(rng, f"[{WAYS[how]}]", hour=f"{rng.randint(7, 11)} am")
    prompt = sentence(rng, rng.choice(FORMS), count=count, bake=bake, day=day, way=way, name=rng.choice(FIRST_NAMES))
    return {
        "prompt": prompt,
        "completion": json.dumps({"item": bake, "quantity": quantity, "day": day, "handover": how}),
    }


def orders(rng: random.Random, *, rows: int) -> list[dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    while len(found) < rows:
        one = order(rng)
        found.setdefault(plain(one["prompt"]), one)
    return list(found.values())

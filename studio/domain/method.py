"""Method: how a model is changed by a run, when to use which, and which knobs each of them has."""

from typing import Literal, get_args

Method = Literal["qlora", "lora", "full", "prefix"]
METHODS: tuple[Method, ...] = get_args(Method)

TITLES: dict[Method, str] = {
    "qlora": "QLoRA",
    "lora": "LoRA",
    "full": "Full fine-tuning",
    "prefix": "Prefix tuning",
}
WHEN: dict[Method, str] = {
    "qlora": "The right start: a small adapter beside the model, whose own weights are kept in 4 bits, so that large "
    "models fit.",
    "lora": "The same adapter beside a model kept in 16 bits: a little faster and closer to the original, where memory "
    "allows.",
    "full": "Changes every weight: for much data and a task far from what the model knows, and it needs several times "
    "the memory.",
    "prefix": "Learns a few invisible words before each question and leaves the model alone: the smallest file, for "
    "tone and format.",
}
# What rows that are no questions with answers are learned by, whichever method changes the model, and when.
OF_OTHER_ROWS: dict[str, str] = {
    "Continued training": "For plain text, as in manuals or reports: learns word for word how they read, best before a "
    "run on questions and answers.",
    "Preferences (DPO)": "For pairs of a better and a worse answer: learns which to prefer, best after a run on good "
    "answers has taught the form.",
}

ADAPTERS: tuple[Method, ...] = ("qlora", "lora")
FURTHER: tuple[Method, ...] = (*ADAPTERS, "full")  # what they leave can be trained further; peft only reads a prefix
# Knobs that not every method has.
_OF: dict[str, tuple[Method, ...]] = {
    "rank": ADAPTERS,
    "alpha_over_rank": ADAPTERS,
    "dropout": ADAPTERS,
    "rank_stabilised": ADAPTERS,
    "dora": ADAPTERS,
    "prefix_tokens": ("prefix",),
    "packing": ("qlora", "lora", "full"),
    "gradient_checkpointing": ("qlora", "lora", "full"),
}
DEPENDENT = tuple(_OF)
OF_PAIRS = ("preference", "beta")  # what only rows with a better and a worse answer can be used for


# Why a method cannot have one, where that is not plain.
_WHY: dict[tuple[str, Method], str] = {
    ("packing", "prefix"): "the invisible words would have to be put before each row anew",
    ("gradient_checkpointing", "prefix"): "the invisible words are kept as they are, so there is nothing to recompute",
}


def methods_of(field: str) -> tuple[Method, ...]:
    """The methods that have a field of the recipe."""
    return _OF.get(field, METHODS)


def belongs(field: str, method: Method) -> bool:
    """Whether a field of the recipe means anything to a method."""
    return method in methods_of(field)


def why_not(field: str, method: Method) -> str:
    """Why a method does not have a field, without a title before it."""
    owners = " and ".join(TITLES[owner] for owner in methods_of(field))
    reason = _WHY.get((field, method))
    return f"is a choice of {owners}, which {TITLES[method]} does not have" + (f": {reason}" if reason else "")

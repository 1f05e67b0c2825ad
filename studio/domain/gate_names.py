"""Gate names: what each gate is called, everywhere alike, and when it is worth having."""

from studio.domain.gate import Gate, Kind, Labels, PromptSet

TITLES: dict[Kind, str] = {
    "exact": "Same as the reference",
    "labels": "Right label",
    "json": "Valid JSON",
    "regex": "Matches the pattern",
    "sql": "Same result in the database",
    "length": "Length",
    "speed": "Speed",
    "perplexity": "Perplexity",
    "overlap": "Words shared with the reference",
    "prompts": "Shipped prompts",
    "tasks": "lm-evaluation-harness",
}
SETS = {"general": "Everyday skills", "adversarial": "Unsafe requests"}  # of shipped prompts
WHEN: dict[Kind, str] = {
    "exact": "Where there is one right answer in one wording: codes, numbers, names, JSON.",
    "labels": "Where an answer sorts into one of a few labels; accuracy, F1 and a table of each label.",
    "json": "Where a program reads the answers: strict JSON, of the shape that a schema gives.",
    "regex": "Where answers have a form that a regular expression can say, such as a ticket number.",
    "sql": "Where answers are queries: they are run on copies of your database, which they can only read.",
    "length": "Where answers must not grow or shrink; it says nothing of what they hold.",
    "speed": "Where people wait for answers; up to 20 prompts are timed, base and fine-tuned in turns.",
    "perplexity": "Nearly always: how well each model foresees the reference answers, whatever they are.",
    "overlap": "Where you have to report BLEU or ROUGE; beside taste, seldom a reason to hold a model back.",
    "prompts": "Nearly always: what the fine-tuned model forgot, or became unsafe in, beside its task.",
    "tasks": "Where you know a public test that matters to you; it takes minutes to hours.",
}


def called(kind: str, of: str = "") -> str:
    """The name of a gate as its light has it; `of` is the field of labels that it looks at, or its set of prompts."""
    title = next((title for known, title in TITLES.items() if known == kind), kind)
    if kind == "prompts":
        return SETS.get(of, title)
    return f"{title}: {of}" if kind == "labels" and of else title


def name_of(gate: Gate) -> str:
    """The name of a gate among others."""
    if isinstance(gate, PromptSet):
        return called(gate.kind, gate.set)
    return called(gate.kind, gate.field if isinstance(gate, Labels) else "")

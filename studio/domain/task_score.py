"""Task score: what lm-evaluation-harness says of one question of one task, base against fine-tuned."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TaskScore:
    """Both scores of one question; 0 to 1, more is better."""

    task: str
    metric: str
    question: str
    base: float
    tuned: float


def task_title(name: str) -> str:
    """What a task is called where others read it: of a file of one's own its name, and not where it lies."""
    return re.split(r"[/\\]", name)[-1].removesuffix(".yaml")

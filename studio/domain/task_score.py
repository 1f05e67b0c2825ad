"""Task score: what lm-evaluation-harness says of one question of one task, base against fine-tuned."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TaskScore:
    """Both scores of one question; 0 to 1, more is better."""

    task: str
    metric: str
    question: str
    base: float
    tuned: float

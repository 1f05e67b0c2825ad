"""Several: what several answers to one prompt say, where a model was asked more than once."""

from math import comb


def pass_at_k(answers: int, right: int, k: int) -> float:
    """Chance that of `k` answers drawn from `answers`, of which `right` pass, at least one passes.

    1 - C(n-c, k)/C(n, k), without bias (Chen et al. 2021, Evaluating Large Language Models Trained on Code).
    """
    if not 0 <= right <= answers or not 1 <= k <= answers:
        raise ValueError(f"{k} of {answers} answers cannot be drawn, or {right} of them cannot be right")
    return 1 - comb(answers - right, k) / comb(answers, k)

"""Luck: draws the next word of every row so that a prompt has the same luck whoever answers it, and in any company."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from studio.domain.sampling import Sampling

if TYPE_CHECKING:
    import torch

LEAST = 1e-300  # a draw of exactly nothing would be infinitely lucky


@dataclass(frozen=True, slots=True)
class Luck:
    """Gumbel noise on the scores of every row, so that the largest of them is a fair draw.

    The largest of log-probabilities with Gumbel noise added is distributed as the probabilities are: Gumbel (1954),
    "Statistical Theory of Extreme Values and Some Practical Applications"; Maddison, Tarlow and Minka (2014), "A*
    Sampling", section 2. Two models that are given the same noise say the same word wherever they think alike (Oberst
    and Sontag 2019, "Counterfactual Off-Policy Evaluation with Gumbel-Max Structural Causal Models").

    The noise is worked out anew from the seed, the row's key and the number of the word: neighbours, batches and
    interruptions do not change it. On a GPU it is another than on a processor. `width` is where answers begin.
    """

    sampling: Sampling
    keys: Sequence[str]
    width: int

    def __call__(self, input_ids: "torch.Tensor", scores: "torch.Tensor") -> "torch.Tensor":
        """Scores (rows × words) after temperature and top-p, with the noise of this word added."""
        import torch
        from transformers import TopPLogitsWarper

        scores = scores / self.sampling.temperature
        if self.sampling.top_p < 1:
            scores = TopPLogitsWarper(self.sampling.top_p)(input_ids, scores)  # type: ignore[arg-type]
        word, source = input_ids.shape[1] - self.width, torch.Generator(scores.device)
        # In double precision: among a hundred thousand words, single precision would draw some far too often.
        drawn = torch.empty(scores.shape[1], dtype=torch.float64, device=scores.device)
        noise: dict[str, torch.Tensor] = {}
        for key in self.keys:
            if key not in noise:
                source.manual_seed(self._seed(key, word))
                noise[key] = -drawn.exponential_(generator=source).clamp_min(LEAST).log().to(scores.dtype)
        return scores + torch.stack([noise[key] for key in self.keys])

    def _seed(self, key: str, word: int) -> int:
        digest = hashlib.sha256(f"{self.sampling.seed}\n{word}\n{key}".encode()).digest()
        return int.from_bytes(digest[:8], "big") >> 1

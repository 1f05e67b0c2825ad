"""Stopwatch: seconds of each training step, from the moment that training begins."""

import time
from typing import Any

import torch
from transformers import TrainerCallback


class Stopwatch(TrainerCallback):
    """Times every optimiser step to its end on the device; `tokens` are real ones, as the trainer counts them."""

    def __init__(self) -> None:
        self.steps: list[float] = []
        self.losses: list[float] = []
        self.tokens = 0
        self.clock = time.perf_counter()

    def on_train_begin(self, *_: Any, **__: Any) -> None:
        self.clock = self._now()

    def on_step_end(self, *_: Any, **__: Any) -> None:
        now = self._now()
        self.steps.append(now - self.clock)
        self.clock = now

    def on_log(self, _args: Any, _state: Any, _control: Any, logs: dict[str, Any], **_: Any) -> None:
        self.tokens = int(logs.get("num_tokens", self.tokens))
        if "loss" in logs:
            self.losses.append(round(float(logs["loss"]), 4))

    def _now(self) -> float:
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        return time.perf_counter()

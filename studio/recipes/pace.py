"""Pace: how long a run takes on a kind of hardware, as a range, before anything was measured."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from studio.domain.batches import Batches, check_steps, rows_at_once
from studio.domain.machine import Gpu, Machine
from studio.domain.method import ADAPTERS
from studio.domain.model import Shape
from studio.domain.plan import PADDED, Way
from studio.domain.recipe import Recipe
from studio.recipes.calibration import FAST, SLOW

# Dense 16-bit peak (operations per second) and memory bandwidth (bytes per second) as their makers state them, found
# by a part of the name; the longer names come first, because "L40S" also holds "L4".
GPUS = (
    ("B200", 2250e12, 8.0e12), ("GH200", 989e12, 4.0e12), ("H200", 989e12, 4.8e12), ("H100 PCIe", 756e12, 2.0e12),
    ("H100", 989e12, 3.35e12), ("H20", 148e12, 4.0e12), ("A100", 312e12, 1.6e12), ("A800", 312e12, 1.6e12),
    ("L40S", 362e12, 0.864e12), ("L40", 181e12, 0.864e12), ("L4", 121e12, 0.3e12), ("A10G", 70e12, 0.6e12),
    ("A10", 125e12, 0.6e12), ("A40", 150e12, 0.696e12), ("A30", 165e12, 0.933e12), ("V100", 125e12, 0.9e12),
    ("T4", 65e12, 0.32e12), ("RTX 6000 Ada", 364e12, 0.96e12), ("RTX A6000", 155e12, 0.768e12),
    ("RTX A5000", 111e12, 0.768e12), ("RTX 5090", 210e12, 1.79e12), ("RTX 5080", 113e12, 0.96e12),
    ("RTX 5070", 62e12, 0.67e12), ("RTX 4090", 165e12, 1.0e12), ("RTX 4080", 97e12, 0.72e12),
    ("RTX 4070", 58e12, 0.5e12), ("RTX 4060", 30e12, 0.27e12), ("RTX 3090", 71e12, 0.936e12),
    ("RTX 3080", 60e12, 0.76e12), ("RTX 3070", 41e12, 0.448e12), ("RTX 3060", 26e12, 0.36e12),
)  # fmt: skip
UNKNOWN_GPU = (40e12, 0.4e12)
RECOMPUTED = 1.65  # times as long for few tokens when layers are computed twice; measured with small models on an H200
PAIR = 2  # rows of a pair: both answers
BACK = 2.5  # what the way back through attention takes beside the way forward
# Padding is hidden by a mask, with which torch's attention reaches this share of a GPU's peak, and looks at every pair
# of words instead of those before each. Fitted to three padded runs on an H200; each is within 1.5 times (docs/gpu.md).
MASKED = 0.055
DORA = 0.5  # what DoRA computes in addition, in layers; measured with the starter model on a processor
ANSWER_TOKENS = 60  # a few answers are written at each check, this many tokens at most


@dataclass(frozen=True, slots=True)
class Hardware:
    """What the estimate rests on: operations per second, and seconds that no large batch can save."""

    operations: float
    masked: float  # operations per second of attention behind a mask
    unpack: float  # seconds to unpack one 4-bit weight
    layer: float  # seconds that one layer takes forward and back however few tokens it is given
    start: float  # seconds until the first step: imports, loading, preparing rows
    fast: float  # factors of the range
    slow: float


@dataclass(frozen=True, slots=True)
class Work:
    """What a run does: rows' lengths, and how many steps of how many rows."""

    train_tokens: Sequence[int]
    validation_tokens: Sequence[int]
    steps: int
    way: Way = PADDED


@dataclass(frozen=True, slots=True)
class Pass:
    """What one reading of all rows computes: tokens with their padding, and pairs of tokens that attention compares.

    `masked` are those behind a mask, `compared` those without one; `parts` is how often the layers are gone through.
    """

    tokens: int
    compared: float
    masked: float
    parts: int


def seconds(
    shape: Shape, recipe: Recipe, work: Work, machine: Machine, *, factor: float | None = None
) -> tuple[float, float]:
    """Fast and slow end of the expected duration; `factor` is how many times as long it was found to take here."""
    hardware = hardware_of(machine)
    checking = (len(check_steps(work.steps, recipe.evaluations)) + 1) * _check(shape, recipe, work, hardware)
    expected = training_seconds(shape, recipe, work, hardware) + checking + _beforehand(shape, recipe, work, hardware)
    fast, slow = (hardware.fast, hardware.slow) if factor is None else (FAST * factor, SLOW * factor)
    return hardware.start + expected * fast, hardware.start * 1.5 + expected * slow


def rate(shape: Shape, recipe: Recipe, work: Work, machine: Machine) -> float:
    """Real tokens per second of the training steps that the formulas expect."""
    trained = _trained(recipe, work)
    tokens = sum(work.train_tokens) * trained / len(work.train_tokens) * (2 if recipe.preference else 1)
    return tokens / training_seconds(shape, recipe, work, hardware_of(machine))


def _trained(recipe: Recipe, work: Work) -> int:
    """How many rows are trained, counting each time; the smallest part of a pass is one step, and so one row."""
    return max(min(work.steps * recipe.batch_size, round(len(work.train_tokens) * recipe.epochs)), 1)


def training_seconds(shape: Shape, recipe: Recipe, work: Work, hardware: Hardware) -> float:
    """Expected seconds of the steps alone, without loading and checks."""
    trained = _trained(recipe, work)
    twice = _twice(shape, recipe, work.way)
    read = one_pass(work.train_tokens, recipe, work.way)
    adapter = _adapter(shape, recipe)
    head = shape.vocabulary * shape.hidden
    weights = 6 if recipe.method == "full" else 4  # trained weights need gradients of their own
    again = twice * 2 * (shape.linear + adapter)
    learning = read.tokens * (weights * (shape.linear + head) + 6 * adapter + again) / hardware.operations
    learning += _attention(shape, read, hardware) * (1 + BACK + twice) + read.parts * _part(
        shape, recipe, hardware, twice
    )
    # What pairs are compared with is computed beside them, forward alone; with full fine-tuning it is known beforehand.
    beside = recipe.preference and recipe.method != "full"
    once = learning + (_forward(shape, read, recipe, hardware) if beside else 0)
    return trained / len(work.train_tokens) * once


def one_pass(lengths: Sequence[int], recipe: Recipe, way: Way) -> Pass:
    """What reading rows of these lengths once takes, in the very parts that they are trained in."""
    if way.packed:
        own = np.asarray(lengths, float)
        return Pass(int(own.sum()), float((own**2).sum()) / 2, 0, _parts(len(lengths), recipe))
    batches = Batches(lengths, recipe)
    rows = batches.lengths[np.concatenate(batches.steps(0))]
    starts = np.arange(0, len(rows), batches.micro_batch)
    longest, shortest = (found.reduceat(rows, starts).astype(float) for found in (np.maximum, np.minimum))
    sizes = np.diff(starts, append=len(rows)) * (PAIR if recipe.preference else 1)
    before = recipe.prefix_tokens if recipe.method == "prefix" else 0
    hidden = (longest > shortest) | recipe.preference | bool(before)
    compared = sizes * longest * (longest + before)
    tokens = int((sizes * longest).sum())
    return Pass(tokens, float(compared[~hidden].sum()) / 2, float(compared[hidden].sum()), len(starts))


def padding(lengths: Sequence[int], recipe: Recipe, way: Way) -> float:
    """The share of what is computed that is padding; of pairs, as if both answers were as long as the longer one."""
    rows = PAIR if recipe.preference else 1
    return 1 - rows * sum(lengths) / one_pass(lengths, recipe, way).tokens


def hardware_of(machine: Machine) -> Hardware:
    """What is expected of this machine: of its first GPU, or of its processor's cores."""
    if machine.has_gpu:
        return _gpu(machine.gpus[0])
    # Two cores with AVX512-BF16: 170 billion operations per second in the steady state and 5 ms a layer were measured
    # with a 5 million parameter model; a processor without bf16 instructions takes several times as long.
    scale = max(machine.cores, 1) ** 0.7 * (1.0 if machine.bf16 else 0.3)
    operations = 105e9 * scale
    return Hardware(operations, masked=operations, unpack=0.15e-9 / scale, layer=0.005, start=9, fast=0.65, slow=1.6)


def _gpu(gpu: Gpu) -> Hardware:
    known = ((peak, bandwidth) for name, peak, bandwidth in GPUS if name.lower() in gpu.name.lower())
    peak, bandwidth = next(known, UNKNOWN_GPU)
    # Fitted to 28 short runs of four Qwen3 shapes on an H200 (docs/gpu.md): 27 of them within 15 %, one 28 % above.
    return Hardware(
        operations=0.5 * peak,
        masked=MASKED * peak,
        unpack=0.252 / bandwidth,
        layer=0.0072,
        start=20,
        fast=0.6,
        slow=1.7,
    )


def _twice(shape: Shape, recipe: Recipe, way: Way) -> float:
    """The share of the layers that are computed twice."""
    if not recipe.gradient_checkpointing:
        return 0.0
    return 1.0 if way.recomputed is None else min(way.recomputed / shape.layers, 1.0)


def _attention(shape: Shape, read: Pass, hardware: Hardware) -> float:
    """Seconds of comparing words with each other once forward."""
    each = 4 * shape.layers * shape.heads * shape.head_size
    return each * (read.compared / hardware.operations + read.masked / hardware.masked)


def _adapter(shape: Shape, recipe: Recipe) -> float:
    """Values of an adapter that every token goes through; DoRA computes parts of each layer once more."""
    if recipe.method not in ADAPTERS:
        return 0
    return shape.adapter(recipe.rank) + (DORA * shape.linear if recipe.dora else 0)


def _beforehand(shape: Shape, recipe: Recipe, work: Work, hardware: Hardware) -> float:
    """Seconds before the first step for what the untouched model says of each pair, where all of it is trained."""
    if not recipe.preference or recipe.method != "full":
        return 0
    read = one_pass([*work.train_tokens, *work.validation_tokens], recipe, work.way)
    return _forward(shape, read, recipe, hardware)


def _parts(rows: int, recipe: Recipe) -> int:
    return -(-rows // rows_at_once(recipe))


def _part(shape: Shape, recipe: Recipe, hardware: Hardware, twice: float) -> float:
    """Seconds for each part of a step, whatever its size."""
    unpacking = (2 + twice) * shape.linear * hardware.unpack if recipe.quantisation == "nf4" else 0
    return shape.layers * hardware.layer * (1 + twice * (RECOMPUTED - 1)) + unpacking


def _check(shape: Shape, recipe: Recipe, work: Work, hardware: Hardware) -> float:
    """Seconds for one check: validation loss, and a few short answers written token by token."""
    answers = ANSWER_TOKENS * (shape.layers * hardware.layer / 3 + shape.linear * hardware.unpack)
    if not work.validation_tokens:
        return answers
    return answers + _forward(shape, one_pass(work.validation_tokens, recipe, work.way), recipe, hardware)


def _forward(shape: Shape, read: Pass, recipe: Recipe, hardware: Hardware) -> float:
    """Seconds to compute the losses of a pass, without learning from them."""
    computing = read.tokens * 2 * (shape.linear + shape.vocabulary * shape.hidden) / hardware.operations
    return computing + _attention(shape, read, hardware) + read.parts * _part(shape, recipe, hardware, 0) / 2

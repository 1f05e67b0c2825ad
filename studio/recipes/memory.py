"""Memory: what a run needs at its peak, part by part. Bytes throughout.

The closed form follows the layers of a transformer under QLoRA (Dettmers et al. 2023): frozen weights, what is trained
and its optimiser, what is kept for the backward pass, the loss, buffers and the program. The constants of the two
profiles say where they come from; a run's own measured peak is always the better number.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from studio.domain.batches import Batches, rows_at_once
from studio.domain.method import Method
from studio.domain.model import Shape
from studio.domain.plan import PADDED, Part, Way
from studio.domain.recipe import Recipe

NF4_BYTES = 0.516  # 4 bits, one 8-bit scale per 64 weights, one 32-bit scale per 256 scales
HALF = 2
FULL = 4
TRAINED_BYTES = 16  # float32 weight and gradient, and AdamW's two states
DORA = 1.45  # times as much is kept for the backward pass; measured with the starter model on a processor
LOSS_TOKENS = 4096  # the loss is computed in tiles of at most so many tokens …
LOSS_WORDS = 32768  # … and so many entries of the vocabulary


@dataclass(frozen=True, slots=True)
class Profile:
    """How one kind of device keeps things; `width` and `inner` count stored values per token and layer.

    `frozen` is the share of them where no layer is trained, as with a prefix.
    """

    program: int
    program_why: str
    width: float
    inner: float
    loss_bytes: float
    slack: float
    frozen: float = 1.0


# Fitted to the peaks of six short runs with two shapes (5 and 100 million parameters), with and without recomputing:
# within 11 % of each. Since oneDNN keeps fewer of its compiled multiplications (studio/worker.py), runs of the smaller
# shape with 40 and 300 words, by QLoRA, full fine-tuning and prefix tuning, hold 0.91 to 1.0 of what is planned.
CPU = Profile(
    program=640_000_000,
    program_why="Python, torch and the training libraries.",
    width=18,
    inner=13,
    loss_bytes=34,
    slack=0.02,
    frozen=0.6,
)
# Fitted to the peaks of 28 short runs of four Qwen3 shapes on an H200 (docs/gpu.md): within 5 % of each, and within 7 %
# of those of a shape that was left out of the fit.
GPU = Profile(
    program=806_000_000,
    program_why="The GPU driver's own share and its libraries.",
    width=4.79,
    inner=4.99,
    loss_bytes=1.64,
    slack=0.03,
)


@dataclass(frozen=True, slots=True)
class Load:
    """What is in memory at once: so many tokens, in the way in which a recipe is carried out."""

    tokens: int
    way: Way = PADDED


def load_of(recipe: Recipe, train: Sequence[int], checked: Sequence[int], way: Way) -> Load:
    """The most that a part of a step holds, of rows with these lengths: known exactly where they lie end to end.

    Checks are padded as training is; end to end they keep nothing for a way back and take less than a part of a step.
    """
    if way.packed:
        return Load(Batches(train, recipe).largest()[0], way)
    tokens = rows_at_once(recipe) * int(max(max(train), max(checked)))
    return Load(tokens * (2 if recipe.preference else 1), way)  # both answers of a pair


def memory_parts(shape: Shape, recipe: Recipe, load: Load, *, on_gpu: bool) -> tuple[Part, ...]:
    """The parts of the peak."""
    return parts_with(GPU if on_gpu else CPU, shape, recipe, load)


def parts_with(profile: Profile, shape: Shape, recipe: Recipe, load: Load) -> tuple[Part, ...]:
    """The same with a profile of one's own, which is how measured runs are fitted."""
    parts = (
        *_weights(shape, recipe),
        _activations(shape, recipe, profile, load),
        _loss(shape, profile, tokens=load.tokens),
        _buffers(shape, recipe),
        Part("The program itself", profile.program, profile.program_why),
    )
    slack = round(profile.slack * sum(part.bytes for part in parts))
    return (*parts, Part("Reserve", slack, "Gaps between blocks of memory that come and go."))


@lru_cache(maxsize=1024)
def least_memory(shape: Shape, *, on_gpu: bool, method: Method = "qlora") -> int:
    """Bytes for the smallest sensible run of a method: one row of 512 tokens at a time, with recomputing."""
    asked = {"method": method, "rank": 16, "micro_batch": 1, "gradient_checkpointing": True}
    recipe = Recipe.model_validate(asked)
    longest = min(512, shape.context)
    return sum(part.bytes for part in memory_parts(shape, recipe, Load(longest), on_gpu=on_gpu))


def trained_values(shape: Shape, recipe: Recipe) -> int:
    """How many values a run of this recipe trains."""
    match recipe.method:
        case "full":
            return shape.parameters
        case "prefix":
            return shape.prefix(recipe.prefix_tokens)
        case "qlora" | "lora":
            return shape.adapter(recipe.rank)


def _weights(shape: Shape, recipe: Recipe) -> tuple[Part, ...]:
    """The model, what is trained of it or beside it, and what training keeps of each trained value."""
    trained = trained_values(shape, recipe)
    notes = "with gradients and the optimiser's two notes on each value."
    if recipe.method == "full":
        return (
            Part("Model in 32 bits", trained * FULL, "Every weight is trained: 16 bits would round corrections away."),
            Part("Gradients and optimiser", trained * (TRAINED_BYTES - FULL), "Three more numbers for every weight."),
            Part("Copies in 16 bits", trained * HALF, "Made of each weight for the arithmetic of a step."),
        )
    beside = (
        Part("Prefix and optimiser", trained * TRAINED_BYTES, f"{recipe.prefix_tokens} learned words, {notes}")
        if recipe.method == "prefix"
        else Part("Adapter and optimiser", trained * TRAINED_BYTES, f"Rank {recipe.rank}: what is trained, {notes}")
    )
    tables = Part("Embeddings", (shape.parameters - shape.linear) * HALF, "Word tables and norms stay in 16 bits.")
    return _base(shape, recipe), tables, beside


def _base(shape: Shape, recipe: Recipe) -> Part:
    if recipe.quantisation == "nf4":
        packed = round(shape.linear * NF4_BYTES)
        return Part("Base model in 4 bits", packed, "The frozen layers, at just over half a byte for each value.")
    return Part("Base model in 16 bits", shape.linear * HALF, "The frozen layers, at two bytes for each value.")


def _activations(shape: Shape, recipe: Recipe, profile: Profile, load: Load) -> Part:
    tokens, attention = load.tokens, 2 * shape.head_size * (shape.heads + 2 * shape.key_value_heads)
    layer = tokens * HALF * round(profile.width * shape.hidden + profile.inner * shape.intermediate + attention)
    layer = round(layer * (DORA if recipe.dora else profile.frozen if recipe.method == "prefix" else 1))
    title = "Rows in memory"
    if not recipe.gradient_checkpointing:
        return Part(title, shape.layers * layer, f"{tokens:,} tokens, kept through all {shape.layers} layers.")
    twice = shape.layers if load.way.recomputed is None else min(load.way.recomputed, shape.layers)
    size = twice * tokens * shape.hidden * HALF + (shape.layers - twice + bool(twice)) * layer
    if twice == shape.layers:
        return Part(title, size, f"{tokens:,} tokens; one layer is kept at a time, the others computed again.")
    return Part(title, size, f"{tokens:,} tokens, kept through {shape.layers - twice} of {shape.layers} layers.")


def _loss(shape: Shape, profile: Profile, *, tokens: int) -> Part:
    tile = round(min(tokens, LOSS_TOKENS) * min(shape.vocabulary, LOSS_WORDS) * profile.loss_bytes)
    return Part("Loss", tile + 3 * tokens * shape.hidden * HALF, "Scores for the words of the vocabulary, in tiles.")


def _buffers(shape: Shape, recipe: Recipe) -> Part:
    largest = shape.hidden * max(shape.intermediate, shape.heads * shape.head_size)
    if recipe.quantisation == "nf4":
        return Part("Unpacking", 2 * largest * HALF, "The largest layer, unpacked from 4 bits for a moment.")
    return Part("Gradients in passing", largest * HALF, "Room for the largest layer's work.")

"""Room: whether the model can read what opponents are told beside the prompts, before a study is frozen on it."""

from collections.abc import Sequence

from studio.data.counting import tokens_of
from studio.domain.errors import StudyError
from studio.domain.protocol import Opponent, Rival
from studio.domain.row import Message
from studio.domain.run import Run
from studio.domain.study import Ask
from studio.flows import asking, inspect, models
from studio.flows.studio import Studio

FIELDS = {Rival.PROMPT: "instructions", Rival.FEW_SHOT: "examples"}


def told(studio: Studio, run: Run, opponents: Sequence[Opponent], examples: Sequence[int]) -> dict[Rival, int]:
    """About how many tokens each opponent gets before the prompt: its instructions, and its examples by row number."""
    instructions, _ = _counted(studio, run, [opponent.instructions for opponent in opponents])
    lengths = inspect.measured(studio, run.dataset_id, run.model_id)
    shown = sum(lengths.total[number] for number in examples) if lengths else 0
    return {
        opponent.rival: size + (shown if opponent.rival is Rival.FEW_SHOT else 0)
        for opponent, size in zip(opponents, instructions, strict=True)
    }


def insist(studio: Studio, run: Run, asks: Sequence[Ask], before: dict[Rival, int]) -> None:
    """StudyError where what an opponent is told leaves no room for the longest of the sealed prompts."""
    lengths = inspect.measured(studio, run.dataset_id, run.model_id)
    sealed = {ask.row_number: ask for ask in asks if ask.row_number is not None}
    if not lengths or not sealed:
        return
    longest = max(sealed, key=lambda number: lengths.prompt[number])
    (size,), context = sizes(studio, run, [[turn for turn in sealed[longest].prompt if turn.role != "system"]])
    for rival, many in before.items():
        if many + size >= context:
            raise StudyError(
                f"What {rival.title} is told takes {many:,} tokens and the longest prompt {size:,}: the model reads "
                f"{context:,} with the answer.",
                fix="Shorten the instructions, or take examples out.",
                field=FIELDS.get(rival, "opponents"),
            )


def cut_off(studio: Studio, run: Run, longest: int) -> list[str]:
    """That answers as long as those that were learned do not fit into so many tokens, where it is so."""
    lengths = inspect.measured(studio, run.dataset_id, run.model_id)
    learned = [lengths.total[row] - lengths.prompt[row] for row in asking.used(studio, run).train] if lengths else []
    over = sum(size > longest for size in learned)
    if not over:
        return []
    return [
        f"Of {len(learned):,} answers that were learned {over:,} take more than the {longest:,} tokens that an answer "
        f"may have here, the longest {max(learned):,}: such answers are cut off, and judged as they stand. Allow more."
    ]


def sizes(studio: Studio, run: Run, prompts: Sequence[Sequence[Message]]) -> tuple[list[int], int]:
    """How many tokens the words of each prompt are, and how many the model reads."""
    return _counted(studio, run, ["\n".join(turn.content for turn in turns) for turns in prompts])


def _counted(studio: Studio, run: Run, texts: Sequence[str]) -> tuple[list[int], int]:
    model = models.usable(studio, run.model_id)
    return (tokens_of(model.path, texts) if model.path else [0 for _ in texts]), model.context

"""Contest: what each contestant is asked, so that nothing but what is compared differs between them."""

from collections.abc import Sequence

from studio.domain.protocol import Opponent
from studio.domain.row import Message

Turns = tuple[Message, ...]


def composed(prompt: Turns, opponent: Opponent | None = None, shots: Sequence[Turns] = ()) -> Turns:
    """The whole conversation that a contestant gets for one prompt; the fine-tuned model (None) gets the prompt itself.

    An opponent's instructions take the place of the system turns. `shots` are the examples of a few-shot opponent, each
    a question with its answer; their own system turns are left out, since they would come in the middle.
    """
    if opponent is None:
        return prompt
    system = tuple(turn for turn in prompt if turn.role == "system")
    if opponent.instructions.strip():
        system = (Message("system", opponent.instructions.strip()),)
    examples = tuple(turn for shot in shots for turn in shot if turn.role != "system")
    return (*system, *examples, *(turn for turn in prompt if turn.role != "system"))

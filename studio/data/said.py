"""Said: by which words of a user a prompt is known again, however it is dressed up."""

import hashlib
import json
from collections.abc import Sequence

from studio.data.normalising import normalised
from studio.domain.row import Message


def said_key(messages: Sequence[Message]) -> str:
    """The fingerprint of what the user says, as copies are known by: without capitals, spacing and sentence marks.

    What stands around it, such as a system prompt, tools or the answers so far, makes no other key.
    """
    said = [normalised(turn.content) for turn in messages if turn.role == "user"]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:32]

"""A worker to be killed: trains as its spec says and prints every event."""

import json
import sys
from typing import Any

from studio.domain.event import EventKind
from studio.engine.train import train


class Printer:
    def report(self, kind: EventKind, **data: Any) -> None:
        print(json.dumps({"kind": kind, **data}), flush=True)

    def should_stop(self) -> bool:
        return False


if __name__ == "__main__":
    train(json.loads(sys.argv[1]), Printer())

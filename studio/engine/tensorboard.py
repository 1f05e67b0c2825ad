"""TensorBoard: the figures of a run as event files that TensorBoard reads, whatever else follows it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

FOLDER = "tensorboard"


class EventFiles:
    """One more event file for each time that a run began or went on; steps that are trained again take the place of
    those before them."""

    def __init__(self, run: Path) -> None:
        self._folder = run / FOLDER
        self._writer: Any = None

    def go_on_from(self, step: int) -> None:
        """Begin a file; what was told of later steps no longer holds."""
        from tensorboardX.event_file_writer import EventsWriter
        from tensorboardX.proto import event_pb2

        made: Any = event_pb2  # its names are made at run time
        self.close()
        self._folder.mkdir(parents=True, exist_ok=True)
        number = len(list(self._folder.glob("events.out.tfevents.*"))) + 1
        self._writer = EventsWriter(str(self._folder / "events"), f".{number}")
        self._writer.write_event(made.Event(step=step + 1, session_log=made.SessionLog(status=made.SessionLog.START)))

    def tell(self, step: int, figures: Mapping[str, float], *, at: float) -> None:
        from tensorboardX.proto import event_pb2
        from tensorboardX.summary import scalar

        made: Any = event_pb2
        if self._writer is None:
            return
        for name, value in figures.items():
            self._writer.write_event(made.Event(wall_time=at, step=step, summary=scalar(name, value)))
        self._writer.flush()

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

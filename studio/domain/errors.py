"""Errors: what happened and what to do next.

StudioError            everything a person can mend; shown as one sentence and its fix
├── DatasetError       a file, a row, a split
├── RecipeError        a choice for a run, a model that cannot be used
├── RunError           a run that cannot start, stop or go on
│   └── GaveUpWaiting  a run that was stopped while it waited for room on the disk
├── StudyError         a comparison, a rating, a verdict
│   └── StillWriting   a comparison whose answers are being written; it opens by itself
├── ExportError        something that cannot be delivered
├── AccessError        somebody who may not, or who is not known
└── SetupError         the machine: a port, a folder, a missing program
"""


class StudioError(Exception):
    """Something a person can mend; `code` is stable for scripts, `fix` says what to do next."""

    code = "studio"

    def __init__(self, message: str, *, fix: str = "", field: str = "") -> None:
        message = message.encode("utf-8", "replace").decode()  # half a character, as somebody typed it, fits nowhere
        super().__init__(message)
        self.message = message
        self.fix = fix
        self.field = field

    @property
    def sentence(self) -> str:
        """The message and its fix, as one line for a person."""
        return f"{self.message} {self.fix}".strip()


class DatasetError(StudioError):
    code = "dataset"


class RecipeError(StudioError):
    code = "recipe"


class RunError(StudioError):
    code = "run"


class GaveUpWaiting(RunError):
    pass


class StudyError(StudioError):
    code = "study"


class StillWriting(StudyError):
    pass


class ExportError(StudioError):
    code = "export"


class AccessError(StudioError):
    code = "access"


class SetupError(StudioError):
    code = "setup"

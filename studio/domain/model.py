"""Model: a base that can be fine-tuned, what it is and whether it can be used here."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from studio.domain.job import Job, JobState


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes read from a model's configuration alone; the unit is parameters unless said."""

    architecture: str
    layers: int
    hidden: int
    intermediate: int
    heads: int
    key_value_heads: int
    head_size: int
    vocabulary: int
    context: int
    tied_embeddings: bool
    experts: int = 1

    @property
    def linear(self) -> int:
        """Parameters in the layers that QLoRA quantises and adapts."""
        attention = self.hidden * self.head_size * (2 * self.heads + 2 * self.key_value_heads)
        return self.layers * (attention + self.experts * 3 * self.hidden * self.intermediate)

    @property
    def embedding(self) -> int:
        return self.vocabulary * self.hidden * (1 if self.tied_embeddings else 2)

    @property
    def parameters(self) -> int:
        return self.linear + self.embedding + self.hidden * (2 * self.layers + 1)

    def adapter(self, rank: int) -> int:
        """Parameters of a LoRA adapter of `rank` on every linear layer."""
        q, kv = self.heads * self.head_size, self.key_value_heads * self.head_size
        per_layer = (
            (self.hidden + q) + 2 * (self.hidden + kv) + (q + self.hidden) + 3 * (self.hidden + self.intermediate)
        )
        return self.layers * per_layer * rank

    def prefix(self, tokens: int) -> int:
        """Parameters of a prefix of so many tokens: a key and a value for each in every layer."""
        return self.layers * 2 * tokens * self.key_value_heads * self.head_size


@dataclass(frozen=True, slots=True)
class Licence:
    """What a licence means, in plain words; `commercial` is None where nobody here has read it.

    `limits` says who may not use the model or for what; empty where there is no such limit. `source` is where its maker
    says so.
    """

    name: str
    commercial: bool | None
    redistribution: str = ""
    attribution: str = ""
    limits: str = ""
    source: str = ""

    @property
    def short(self) -> str:
        """The name, and whether the model may earn money."""
        return f"{self.name}: {COMMERCIAL[self.commercial]}"


COMMERCIAL = {
    True: "commercial use allowed",
    False: "no commercial use",
    None: "read it before you use the model commercially",
}


class Kind(StrEnum):
    """What a model was made for, which decides what it can be trained with."""

    INSTRUCT = "instruct"
    BASE = "base"
    UNKNOWN = "not known"


KIND_WORDS = {
    Kind.INSTRUCT: "It answers: it was trained on questions and answers, and learns your way from a few of yours.",
    Kind.BASE: "It only goes on with a text: nobody has taught it to answer yet, so it wants far more examples.",
    Kind.UNKNOWN: "Not in the catalogue. “Instruct”, “Chat” or “it” at the end of a name usually means that it was "
    "taught to answer.",
}


class Fit(StrEnum):
    """How the least memory of a QLoRA run compares with what this machine has."""

    FITS = "fits"
    TIGHT = "tight"
    TOO_LARGE = "does not fit"


class Standing(StrEnum):
    """Whether a model can be used here, and if not, what is missing; the words of its badge."""

    FITS = "fits"
    TIGHT = "tight"
    TOO_LARGE = "does not fit"
    UNSUITED = "cannot be used"
    DOWNLOADING = "downloading"
    CUT_SHORT = "not complete"
    TERMS_FIRST = "terms first"
    TO_DOWNLOAD = "to download"


@dataclass(frozen=True, slots=True)
class Need:
    """The least memory for a run with each method, in bytes, and how that compares with this machine, in words."""

    qlora: int
    lora: int
    on_gpu: bool
    fit: Fit
    why: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Model:
    """One entry of the model picker. `reason` says in words why it cannot be used here; empty when it can.

    `obstacle` is that reason where no download can mend it. `texts_only`: it has no chat template, so it learns plain
    texts and no conversations. `bytes` is the size of its files, before a download an
    estimate. `revision` is the commit that its files are from (40 hexadecimal digits) where it came from a hub.
    """

    id: str
    title: str
    maker: str
    parameters: int
    context: int
    licence: Licence
    about: str
    need: Need | None = None
    kind: Kind = Kind.INSTRUCT
    starter: bool = False
    hub_id: str | None = None
    gated: bool = False
    bytes: int = 0
    path: Path | None = None
    revision: str = ""
    download: Job | None = None
    obstacle: str = ""
    texts_only: bool = False

    @property
    def is_usable(self) -> bool:
        return self.path is not None and not self.obstacle

    @property
    def is_downloading(self) -> bool:
        return self.download is not None and self.download.is_live

    @property
    def can_be_downloaded(self) -> bool:
        return self.hub_id is not None and self.path is None and not self.obstacle and not self.is_downloading

    @property
    def standing(self) -> Standing:
        fit = self.need.fit if self.need else Fit.FITS
        if self.obstacle:
            return Standing.TOO_LARGE if fit is Fit.TOO_LARGE else Standing.UNSUITED
        if self.path is not None:
            return Standing.TIGHT if fit is Fit.TIGHT else Standing.FITS
        if self.download is not None:
            return Standing.DOWNLOADING if self.download.is_live else Standing.CUT_SHORT
        return Standing.TERMS_FIRST if self.gated else Standing.TO_DOWNLOAD

    @property
    def reason(self) -> str:
        match self.standing:
            case Standing.FITS | Standing.TIGHT:
                return ""
            case Standing.DOWNLOADING:
                return "It is being downloaded."
            case Standing.CUT_SHORT:
                return self._why_cut_short
            case Standing.TERMS_FIRST:
                return (
                    "Not on this machine, and its maker's terms come first: accept them on the hub, then download it."
                )
            case Standing.TO_DOWNLOAD:
                return "Not on this machine: download it first."
            case Standing.TOO_LARGE | Standing.UNSUITED:
                return self.obstacle

    @property
    def _why_cut_short(self) -> str:
        job = self.download
        if job is None or job.state is JobState.DONE:
            return "It was downloaded, but some of its files are gone. Download it again."
        return f"{job.message} {job.fix}".strip()

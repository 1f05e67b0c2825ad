"""Card: one model in plain words, its licence above all, how its download is doing, and all models as a table."""

from collections.abc import Sequence
from html import escape

from studio.domain.job import Job, JobState
from studio.domain.model import KIND_WORDS, Kind, Licence, Model, Need, Standing
from studio.domain.reading import Reading, Tone
from studio.ui.parts import html

TONES = {
    Standing.FITS: Tone.GOOD,
    Standing.TIGHT: Tone.WARNING,
    Standing.TOO_LARGE: Tone.BAD,
    Standing.UNSUITED: Tone.BAD,
    Standing.CUT_SHORT: Tone.WARNING,
}
TOLD_BELOW = (Standing.DOWNLOADING, Standing.CUT_SHORT)  # where the card is followed by what became of the download
COMMERCIAL = {True: "Yes.", False: "No.", None: "Nobody here has read this licence; read it before you do."}
TEXTS_ONLY = "Plain texts alone: it has no chat template, so nobody can say how a conversation is written for it."
ENDED = {
    JobState.FAILED: (Tone.BAD, "The download failed."),
    JobState.STOPPED: (Tone.QUIET, "The download was stopped."),
    JobState.INTERRUPTED: (Tone.WARNING, "The download was interrupted."),
}


def badge(model: Model) -> str:
    """Whether it can be used here, as a sign and a word."""
    tone = TONES.get(model.standing, Tone.QUIET)
    return f'<span class="chip {tone.value}">{html.SIGNS[tone]} {escape(model.standing.value)}</span>'


def card(model: Model) -> str:
    """What a model is and may be used for, whether it fits here, and why it cannot be used if so."""
    size = f"{html.parameters(model.parameters)} parameters · {model.context:,} tokens" if model.parameters else ""
    facts = [
        ("Here", f"{badge(model)} {'' if model.standing in TOLD_BELOW else escape(_here(model))}"),
        ("Good at", escape(model.about)),
        ("What it is", escape(". ".join(filter(None, [size, KIND_WORDS[model.kind]])))),
        ("Learns", TEXTS_ONLY if model.texts_only else ""),
        ("Memory", escape(_memory(model.need))),
        *_licence(model.licence),
        ("Where from", escape(_origin(model))),
    ]
    rows = "".join(f"<dt>{label}</dt><dd>{words}</dd>" for label, words in facts if words)
    maker = f" <small>{escape(model.maker)}</small>" if model.maker else ""
    return f'<div class="panel model"><h3>{escape(model.title)}{maker}</h3><dl>{rows}</dl></div>'


def download(model: Model) -> str:
    """How the download of a model is doing, or how it ended; nothing where there was none."""
    job = model.download
    if job is None:
        return ""
    if job.state is JobState.DONE and not model.is_usable:
        return html.reading(Reading(Tone.WARNING, "The model is no longer whole.", model.reason))
    if job.state is JobState.DONE:
        return html.reading(Reading(Tone.GOOD, "Downloaded.", job.message))
    if job.state in ENDED:
        tone, title = ENDED[job.state]
        return html.reading(Reading(tone, title, f"{job.message} {job.fix}"))
    return html.bar(job.done / job.total if job.total else 0.0, _doing(job), _speed(job))


def table(models: Sequence[Model], *, of: int | None = None) -> str:
    """Every model with what it is, what it needs and whether it can be used here; open where some `of` them are shown."""
    if not models:
        return '<p class="help">No model fits these words. Others of the hub can be added above by their name.</p>'
    count = f"All {len(models)} models in one table" if of is None else f"{len(models)} of {of} models"
    headings = ("Model", "Size", "Context", "Licence", "Here")
    head = "".join(f'<th scope="col">{heading}</th>' for heading in headings)
    rows = "".join(_row(model, headings) for model in models)
    return (
        f'<details class="more"{"" if of is None else " open"}><summary>{count}</summary>'
        f'<div class="scroll"><table class="plain stacked models"><thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div></details>"
    )


def _row(model: Model, headings: Sequence[str]) -> str:
    kind = "" if model.kind is Kind.UNKNOWN else f" <small>{escape(model.kind.value)}</small>"
    cells = (
        f"<b>{escape(model.title)}</b>{kind}<br><small>{escape(model.about)}</small>",
        html.parameters(model.parameters) if model.parameters else "",
        f"{model.context:,} tokens" if model.context else "",
        escape(model.licence.short),
        f"{badge(model)}<br><small>{escape(_here(model))}</small>",
    )
    inner = "".join(f'<td data-label="{label}">{cell}</td>' for label, cell in zip(headings, cells, strict=True))
    return f"<tr{'' if model.is_usable else ' class=quiet'}>{inner}</tr>"


def _here(model: Model) -> str:
    """The reason for the badge; of one that could be downloaded also whether it would fit."""
    fits = model.need.why if model.need else ""
    if model.standing in (Standing.TO_DOWNLOAD, Standing.TERMS_FIRST):
        return f"{model.reason} It would fit." if model.need and not model.need.fix else f"{model.reason} {fits}"
    return model.reason or fits


def _memory(need: Need | None) -> str:
    if need is None:
        return ""
    kind = "GPU memory" if need.on_gpu else "memory"
    return f"At least {html.size(need.qlora)} of {kind} with QLoRA, {html.size(need.lora)} with LoRA."


def _licence(licence: Licence) -> list[tuple[str, str]]:
    return [
        ("Licence", escape(licence.name)),
        ("Commercial use", COMMERCIAL[licence.commercial]),
        ("Passing it on", escape(licence.redistribution)),
        ("Naming it", escape(licence.attribution)),
        ("Limits", f"{escape(licence.limits)}{_source(licence)}"),
    ]


def _source(licence: Licence) -> str:
    return f" {html.link('Read it', licence.source, download=False)}" if licence.source else ""


def _origin(model: Model) -> str:
    if model.hub_id is None:
        return "It comes with the studio." if model.starter else f"The folder {model.path}"
    pinned = f", pinned to revision {model.revision}" if model.revision else ""
    return f"{model.hub_id}{pinned}"


def _doing(job: Job) -> str:
    if job.state is JobState.QUEUED:
        return job.message or "Waiting for its turn …"
    if job.is_stopping:
        return "Stopping …"
    far = f"{html.size(job.done)} of {html.size(job.total)}" if job.total else ""
    return " · ".join(filter(None, [job.message or job.phase or "Beginning …", far]))


def _speed(job: Job) -> str:
    if not job.seconds_left or job.total <= job.done:
        return ""
    return f"{html.size((job.total - job.done) / job.seconds_left)}/s · {html.duration(job.seconds_left)} left"

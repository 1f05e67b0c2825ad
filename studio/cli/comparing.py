"""Comparing: the verbs of `study`, from creating one to what becomes of its votes."""

from typing import ClassVar

import typer

from studio.cli.later import Verbs


class Comparing(Verbs):
    table: ClassVar = {
        "create": (
            "freezing.create",
            "Freeze a comparison and have every contestant's answers to every prompt written.",
        ),
        "show": (
            "freezing.show",
            "Show what was frozen: the protocol with its fingerprint, the opening, and the evidence that it asks for.",
        ),
        "try-prompt": (
            "freezing.try_prompt",
            "Have the base model answer validation rows with a prompt and without one; test rows are never used.",
        ),
        "gates": (
            "gating.show",
            "Propose gates from a run's answers for `study create --gate`, or say what those of a closed study show.",
        ),
        "answers": (
            "study.answers",
            "Show the cards that a rater has not judged yet: prompt and two answers, sides hidden.",
        ),
        "raters": ("rating.raters", "List the links to rate by, with how many cards were judged by each."),
        "invite": ("rating.give", "Make a link to rate by."),
        "revoke": ("rating.revoke", "Take a link back; what was judged by it stays and counts."),
        "close": ("study.close", "End the rating and reveal the sides; nobody can rate after this."),
        "list": ("study.list_studies", "List the studies of the workspace."),
        "override": ("deciding.override", "Decide otherwise than the rule; the reason is shown with every verdict."),
        "share": (
            "deciding.share",
            "Make a link by which the verdict can be read without the studio, or take one back.",
        ),
        "votes": (
            "deciding.export_votes",
            "Write all votes with sides and texts, as CSV for a spreadsheet or as JSONL.",
        ),
        "preferences": (
            "deciding.make_preferences",
            "Make a dataset of better and worse answers from the votes, ready for DPO.",
        ),
        "judge": (
            "opinion.judge",
            "Ask a model for its opinion, or show what was said; it advises and never turns the verdict.",
        ),
    }


app = typer.Typer(cls=Comparing, no_args_is_help=True, help="Compare base and fine-tuned answers blind.")


@app.callback()
def before_every_verb() -> None:
    pass

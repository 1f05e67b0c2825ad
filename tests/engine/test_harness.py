"""lm-evaluation-harness is asked rightly, or missed in a plain sentence; it need not be installed for this."""

import sys
from contextlib import contextmanager
from types import ModuleType, SimpleNamespace

import pytest

from studio.domain.errors import SetupError, StudyError
from studio.domain.gate import Tasks
from studio.domain.task_score import TaskScore
from studio.engine.harness import paired, run_tasks
from studio.engine.sides import Pair

GATE = Tasks(tasks=("arc_easy",), limit=2)


PLACE = "/home/ida/.cache/tasks/data.jsonl"
FAILS = {
    "unheard_of": ValueError(f"Spec 'unheard_of' of {PLACE} is not a registered task/group/tag name\nTraceback"),
    "far": ConnectionError(f"Couldn't reach 'allenai/ai2_arc' on the Hub ({PLACE})"),
    "/home/ida/tasks/mine.yaml": FileNotFoundError(2, "No such file or directory", PLACE),
    "broken": RuntimeError(f"{PLACE} is odd"),
}


class Adapted:
    """A model with an adapter that can be switched off."""

    peft_config = {"tuned": None}
    is_on = True

    @contextmanager
    def disable_adapter(self):
        self.is_on = False
        yield
        self.is_on = True


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict]:
    """What a stand-in of the harness was asked; the adapted model knows the second answer too."""
    calls: list[dict] = []

    def simple_evaluate(**settings) -> dict:
        from huggingface_hub import constants

        calls.append({**settings, "is_offline": constants.HF_HUB_OFFLINE})
        if error := FAILS.get(settings["tasks"][0]):
            raise error
        model = settings["model"].pretrained
        return {"samples": {"arc_easy": [{"doc_id": 0, "acc": 1.0}, {"doc_id": 1, "acc": float(model.is_on)}]}}

    harness, models = ModuleType("lm_eval"), ModuleType("lm_eval.models.huggingface")
    harness.simple_evaluate = simple_evaluate  # pyright: ignore[reportAttributeAccessIssue]
    models.HFLM = lambda **settings: SimpleNamespace(**settings)  # pyright: ignore[reportAttributeAccessIssue]
    monkeypatch.setitem(sys.modules, "lm_eval", harness)
    monkeypatch.setitem(sys.modules, "lm_eval.models.huggingface", models)
    return calls


def test_both_models_are_asked_each_by_itself_and_no_cache_mixes_them_up(asked: list[dict]) -> None:
    model = Adapted()
    found = run_tasks(GATE, Pair(model, model), SimpleNamespace(chat_template="x"))
    assert found == (TaskScore("arc_easy", "acc", "0", 1.0, 1.0), TaskScore("arc_easy", "acc", "1", 0.0, 1.0))
    assert [call["use_cache"] for call in asked] == [None, None]
    assert all((call["limit"], call["log_samples"], call["apply_chat_template"]) == (2, True, True) for call in asked)


def test_questions_may_be_downloaded_while_tasks_run_and_nothing_else_may(asked: list[dict], monkeypatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    run_tasks(GATE, Pair(Adapted(), Adapted()), SimpleNamespace(chat_template="x"))
    assert [call["is_offline"] for call in asked] == [False, False]
    assert constants.HF_HUB_OFFLINE


@pytest.mark.parametrize(
    ("task", "why"),
    [
        ("unheard_of", "could not run unheard_of: it knows no task of that name."),
        ("far", "could not run far: its questions are not on this machine and could not be downloaded."),
        ("/home/ida/tasks/mine.yaml", "could not run mine: a file that it needs cannot be read."),
        ("broken", "could not run broken: it ended with a RuntimeError."),
    ],
)
def test_why_a_task_cannot_be_run_is_told_in_words_without_a_place_of_this_machine(
    asked: list[dict], task: str, why: str
) -> None:
    with pytest.raises(StudyError) as caught:
        run_tasks(Tasks(tasks=(task,)), Pair(Adapted(), Adapted()), SimpleNamespace(chat_template="x"))
    assert caught.value.message.endswith(why) and caught.value.fix
    assert "/" not in caught.value.sentence and "ida" not in caught.value.sentence


def test_without_the_package_the_command_that_helps_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lm_eval", None)
    with pytest.raises(SetupError, match="is not installed") as caught:
        run_tasks(GATE, Pair(object(), object()), SimpleNamespace(chat_template=None))
    assert "pip install 'lm_eval[hf]'" in caught.value.fix


def test_other_questions_or_no_scores_are_no_comparison() -> None:
    with pytest.raises(StudyError, match="not asked the same questions"):
        paired({"a": [{"doc_id": 0, "acc": 1}]}, {"a": [{"doc_id": 1, "acc": 1}]})
    with pytest.raises(StudyError, match="gives no score"):
        paired({"a": [{"doc_id": 0, "word_perplexity": (1, 2)}]}, {"a": []})


def test_of_several_filters_the_first_counts() -> None:
    samples = {"gsm8k": [{"doc_id": 0, "exact_match": 1.0}, {"doc_id": 0, "exact_match": 0.0}]}
    assert paired(samples, samples) == (TaskScore("gsm8k", "exact_match", "0", 1.0, 1.0),)

"""Every verb answers in words and in JSON, refuses with a fix, and tells wrong usage from a refusal."""

from pathlib import Path

from tests.command_line import CommandLine

REFUSED = (
    (("inspect", "data-none"), "dataset"),
    (("plan", "data-none"), "dataset"),
    (("train", "data-none"), "dataset"),
    (("runs", "run-none"), "run"),
    (("stop", "run-none"), "run"),
    (("note", "run-none", "--say", "nothing"), "run"),
    (("diff", "run-none", "run-nowhere"), "run"),
    (("script", "run-none"), "run"),
    (("delete", "run-none"), "run"),
    (("restore", "run-none"), "run"),
    (("restore", "nowhere.zip"), "setup"),
    (("backup", "nowhere/kept.zip"), "setup"),
    (("export", "run-none", "--to", "somewhere"), "run"),
    (("export", "run-none", "--to", "somewhere", "--format", "gguf"), "run"),
    (("export", "run-none", "--to", "somewhere", "--format", "zip"), "export"),
    (("study", "create", "run-none"), "run"),
    (("study", "create", "run-none", "--against", "luck"), "study"),
    (("study", "show", "study-none"), "study"),
    (("study", "try-prompt", "run-none"), "run"),
    (("study", "answers", "study-none"), "study"),
    (("study", "close", "study-none"), "study"),
    (("verdict", "study-none"), "study"),
    (("study", "override", "study-none", "--decision", "ship", "--reason", "A trial only.", "--by", "Ann"), "study"),
    (("study", "share", "study-none"), "study"),
    (("study", "share", "study-none", "--take-back", "link-none"), "study"),
    (("study", "votes", "study-none", "--to", "votes.csv"), "study"),
    (("study", "votes", "study-none", "--to", "votes.xlsx"), "study"),
    (("study", "preferences", "study-none"), "study"),
    (("rate", "study-none", "--votes", "none.jsonl"), "study"),
    (("queue", "move", "run-none", "--to", "1"), "run"),
    (("queue", "gpu", "run-none", "--on", "9"), "run"),
    (("sweep", "sweep-none"), "run"),
    (("sweep", "data-none", "--vary", "rank=8,16"), "dataset"),
    (("chat", "run-none", "--say", "hello"), "run"),
    (("models", "add", "nowhere"), "recipe"),
    (("models", "add", "a b/c"), "recipe"),
    (("models", "add", "llama-3.3-70b"), "recipe"),
    (("models", "stop", "starter"), "recipe"),
    (("models", "remove", "starter"), "recipe"),
    (("import", "nowhere.jsonl"), "dataset"),
    (("import", "../../etc"), "dataset"),
)


def test_import_names_the_dataset_and_every_line_it_refused(studio: CommandLine, tmp_path: Path):
    path = tmp_path / "faq.jsonl"
    path.write_text('{"q": "Open?", "a": "Yes.", "short": "Y"}\n' * 11 + "nonsense\n")
    read = studio.json("import", path, "--name", "FAQ", "--map", "prompt=q", "--map", "completion=short")
    assert (read["name"], read["rows"], read["rejects"], read["lines"]) == ("FAQ", 11, 1, 12)
    assert read["guess"]["mapping"] == {"layout": "prompt_completion", "fields": {"prompt": "q", "completion": "short"}}
    (refused,) = read["rejected"]
    assert refused["line"] == 12 and refused["reason"] and refused["fix"]
    assert {"dataset": read["dataset"], "name": "FAQ", "rows": 11, "state": "done"} in studio.json("datasets")


def test_import_says_in_words_what_it_read_and_refused(studio: CommandLine, tmp_path: Path):
    path = tmp_path / "faq.jsonl"
    path.write_text('{"prompt": "Open?", "completion": "Yes."}\n' * 3 + "nonsense\n")
    answer = studio("import", path)
    assert answer.status == 0
    assert (
        "3 rows read, 1 line refused." in answer.words and "  line 4, column 1: This line is not JSON." in answer.words
    )


def test_what_is_no_file_is_answered_with_the_samples_there_are(studio: CommandLine):
    answer = studio("import", "triag", "--json")
    assert answer.status == 1
    assert "name a sample: triage, brand-voice, orders-json, messy." in answer.values["error"]["fix"]


def test_a_pair_that_is_none_is_wrong_usage(empty: CommandLine):
    for pair in ("prompt", "=q", "prompt=", "question=q"):
        answer = empty("import", "triage", "--json", "--map", pair)
        assert answer.status == 2 and not answer.words
    assert not empty.workspaces.exists()


def test_a_mapping_that_does_not_fit_the_file_is_a_refusal(studio: CommandLine):
    answer = studio("import", "triage", "--map", "prompt=question", "--map", "completion=answer", "--json")
    assert answer.status == 1
    assert answer.values["error"] == {
        "code": "dataset", "message": "The file has no field “question”.", "fix": "Its fields are: messages.",
    }  # fmt: skip


def test_inspect_lists_findings_with_their_groups_of_lines(studio: CommandLine, dataset: str):
    found = studio.json("inspect", dataset)
    kinds = {finding["kind"]: finding for finding in found["findings"]}
    assert {"exact_duplicate", "conflicting_answers", "malformed"} <= kinds.keys()
    for finding in kinds.values():
        assert finding["count"] > 0 and finding["title"] and finding["why"]
        assert all(isinstance(line, int) for group in finding["groups"] for line in group)
    assert found["lengths"]["cut_off"] > 0
    words = studio("inspect", dataset).words
    assert "Suggested cut-off" in words and kinds["malformed"]["title"] in words


def test_split_accounts_for_every_line(studio: CommandLine, dataset: str):
    dealt = studio.json("split", dataset, "--held-out", "0.3", "--seed", "3")
    assert sum(dealt["counts"].values()) == dealt["lines"]
    assert dealt["counts"]["duplicate"] > 0 and dealt["counts"]["malformed"] > 0
    answer = studio("split", dataset, "--by", "nothing", "--json")
    assert (answer.status, answer.values["error"]["code"]) == (1, "dataset")


def test_a_choice_that_is_left_out_stays_as_it_was(studio: CommandLine, dataset: str):
    studio.json("split", dataset, "--held-out", "0.3", "--seed", "3", "--stratify", "category")
    again = studio.json("split", dataset, "--seed", "4")
    assert (again["held_out"], again["seed"], again["stratify"]) == (0.3, 4, "answer:category")
    assert again["sealed"] and {"gap", "tied_rows", "tied_sets", "largest_set", "shares"} <= again.keys()
    assert studio.json("split", dataset, "--stratify", "length", "--by", "none")["by"] is None
    answer = studio("split", dataset, "--stratify", "colour", "--json")
    assert answer.status == 1 and "colour" in answer.values["error"]["message"]


def test_leakage_is_measured_before_and_after_and_there_is_something_to_read(studio: CommandLine, dataset: str):
    found = studio.json("leakage", dataset)
    assert found["after"]["twins"] == 0 <= found["before"]["twins"]
    assert found["after"]["measured"] == found["after"]["held_out"] > 0
    assert found["reading"] and all(pair["line"] and pair["training"]["line"] for pair in found["reading"])
    assert "held-out rows have a twin in training" in studio("leakage", dataset).words


def test_inspect_says_how_ready_a_file_is_what_it_is_about_and_how_it_is_dealt(studio: CommandLine, dataset: str):
    found = studio.json("inspect", dataset)
    assert found["advice"]["title"] in studio("inspect", dataset).words.splitlines()[0]
    assert len(found["advice"]["first"]) <= 2
    assert found["topics"]["sentence"]
    assert found["split"]["counts"]["train"] > 0 and found["split"]["sealed"]


def test_models_lists_the_starter_first_and_adds_a_folder(studio: CommandLine, root: Path):
    listed = studio.json("models")
    assert listed[0]["id"] == "starter" and listed[0]["starter"] and listed[0]["usable"]
    assert all(model["usable"] or model["reason"] for model in listed)
    added = studio.json("models", "add", root / "assets" / "starter")
    assert added["model"] in [model["id"] for model in studio.json("models")]


def test_plan_takes_a_recipe_from_a_file_and_single_values(studio: CommandLine, dataset: str, tmp_path: Path):
    path = tmp_path / "recipe.yaml"
    path.write_text("epochs: 2\nrank: 4\n")
    planned = studio.json("plan", dataset, "--recipe", path, "--set", "rank=8")
    assert (planned["recipe"]["epochs"], planned["recipe"]["rank"]) == (2, 8)
    assert planned["plan"]["steps"] == 2 * planned["plan"]["steps_per_epoch"]
    refused = {
        ("--set", "rank=999"): "Adapter rank: must be at most 256, not 999.",
        ("--set", "speed=2"): "A recipe has no “speed”.",
        ("--recipe", tmp_path / "none.yaml"): f"{tmp_path / 'none.yaml'} is not a file.",
    }
    for options, message in refused.items():
        answer = studio("plan", dataset, "--json", *options)
        assert (answer.status, answer.values["error"]["message"]) == (1, message)
        assert answer.values["error"]["fix"]
    assert studio("plan", dataset, "--set", "rank").status == 2


def test_a_run_that_was_started_without_waiting_can_be_stopped(studio: CommandLine, dataset: str):
    run = studio.json("train", dataset, "--set", "epochs=50", "--name", "Long")
    assert (run["name"], run["state"] in ("queued", "running")) == ("Long", True)
    stopped = studio.json("stop", run["run"])
    assert stopped["words"] in ("stopping", "stopped")
    for verb in ("pause", "resume", "retry", "longer", "use"):
        refused = studio(verb, "run-none", "--json")
        assert (refused.status, refused.values["error"]["code"]) == (1, "run")
    assert "no change to try" in studio("retry", run["run"], "--json").values["error"]["message"]


def test_what_is_not_there_is_refused_with_a_fix(studio: CommandLine):
    for arguments, code in REFUSED:
        answer = studio(*arguments, "--json")
        assert answer.status == 1, arguments
        assert answer.values["error"]["code"] == code, arguments
        assert answer.values["error"]["message"] and answer.values["error"]["fix"], arguments
        assert "Traceback" not in answer.complaint, arguments


def test_a_refusal_in_words_is_one_line_on_standard_error(studio: CommandLine):
    answer = studio("runs", "run-none")
    assert (answer.status, answer.words) == (1, "")
    assert answer.complaint == "There is no run called run-none. Pick one of those listed.\n"


def test_wrong_usage_ends_with_two(empty: CommandLine):
    for arguments in (["nonsense"], ["inspect"], ["runs", "--colour"], ["split", "x", "--seed", "y"]):
        answer = empty(*arguments)
        assert answer.status == 2 and "Usage" in answer.complaint


def test_a_folder_that_cannot_be_written_is_told_in_words(tmp_path: Path):
    (tmp_path / "file").touch()
    answer = CommandLine(tmp_path / "file" / "workspaces")("runs", "--json")
    assert (answer.status, answer.values["error"]["code"]) == (1, "setup")
    assert "STUDIO_WORKSPACES" in answer.values["error"]["fix"]


def test_the_doctor_lists_what_it_found(empty: CommandLine):
    found = empty.json("doctor", "--port", "0")
    assert {"name", "ok", "needed", "found", "fix"} == found[0].keys()
    assert all(check["ok"] or check["fix"] for check in found)
    assert not empty.workspaces.exists()


def test_the_version_and_the_verbs_can_be_asked_for(empty: CommandLine):
    assert empty("--version").words.startswith("Assay Studio ")
    listed = empty("--help").words
    for verb in (
        "import", "inspect", "split", "leakage", "models", "plan", "train", "runs", "stop", "pause", "resume", "retry", "longer",
        "use", "study", "rate", "verdict", "note", "diff", "script", "delete", "restore", "bin", "empty", "backup", "space",
        "export", "chat", "serve", "doctor",
    ):  # fmt: skip
        assert f" {verb} " in listed
    assert "Words that raters see as [name]," in empty("study", "create", "--help").words

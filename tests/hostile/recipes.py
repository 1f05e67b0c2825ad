"""Recipes: hostile recipes as files, cases 93 to 99, 102 and 103, and what YAML itself brings along (Y)."""

from tests.hostile.case import Case, accept, refuse

LAUGHS = "a0: &a0 {rank: 8}\n" + "".join(
    f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 10)}]}}\n" for n in range(1, 12)
)
LISTS = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12))
NOT_YAML, ALIAS, UNREADABLE = "This is not YAML", "An alias", "A value in this file cannot be read"
# Settings of trainers that write files elsewhere, run code or tell somebody; and columns of the studio's own.
FOREIGN = (
    "output_dir", "deepspeed", "push_to_hub", "report_to", "torch_compile_backend", "owner_id", "state", "run_id",
    "__class__", "model_config", "model_fields",
)  # fmt: skip


def values(number: str, about: str, text: str, says: str) -> Case[str]:
    return refuse(number, about, f"recipe:\n  {text}\n", says)


CASES: tuple[Case[str], ...] = (
    *(values("E93", f"a learning rate of {rate}", f"learning_rate: {rate}", "Learning rate: ")
      for rate in ("0", "-1", "1e9", ".nan", ".inf", "-.inf", "1e-4abc", "1e-400", "0x1", "true", "[1]", "{a: 1}", "null")),
    values("E94", "10^9 passes", "epochs: 1000000000", "Passes over your data: must be at most 100"),
    values("E94", "fewer than no passes", "epochs: -1", "Passes over your data: must be more than 0"),
    values("E94", "1e309 passes", "epochs: 1.0e+309", "Passes over your data: "),
    accept("E94", "a hundredth of a pass", "recipe: {epochs: 0.01}"),
    values("E95", "no rows per step", "batch_size: 0", "Rows per step: must be at least 1"),
    values("E95", "10^9 rows per step", "batch_size: 1000000000", "Rows per step: must be at most 512"),
    values("E95", "no rows in memory", "micro_batch: 0", "Rows in memory at once: must be at least 1"),
    values("E96", "rank 0", "rank: 0", "Adapter rank: must be at least 1"),
    values("E96", "rank 2^20", "rank: 1048576", "Adapter rank: must be at most 256"),
    values("E96", "a strength that is no number", "alpha_over_rank: .nan", "Adapter strength: "),
    values("E96", "a dropout of 1", "dropout: 1.0", "Adapter dropout: must be at most"),
    values("E96", "a dropout of 2", "dropout: 2", "Adapter dropout: must be at most"),
    accept("E96", "a dropout of -0", "recipe: {dropout: -0.0}"),
    values("E97", "seed -1", "seed: -1", "Seed: must be at least 0"),
    values("E97", "seed 2^64", "seed: 18446744073709551616", "Seed: "),
    values("E97", "a seed of 5,000 digits", "seed: " + "9" * 5000, UNREADABLE),
    values("E97", "a seed of 12,000 digits, in hexadecimal", "seed: 0x" + "f" * 10_000, "Seed: .*not a number of very many digits"),
    values("E98", "no tokens", "max_length: 0", r"Cut-off \(tokens\): must be at least 16"),
    values("E98", "10^7 tokens", "max_length: 10000000", r"Cut-off \(tokens\): must be at most"),
    values("E99", "nothing but warm-up", "warmup: 1.5", "Warm-up share: must be at most"),
    *(values("E102", f"a setting of others: {name}", f"{name}: /tmp/x", f"A recipe has no “{name}”") for name in FOREIGN),
    values("E102", "a name of 900 letters", "x" * 900 + ": 1", "A recipe has no “x{20,80}…”"),
    values("E103", "a list for a number", "rank: [8]", "Adapter rank: "),
    values("E103", "a list for a choice", "schedule: [cosine]", "Learning-rate schedule: "),
    values("E103", "a yes in words that is none", "dora: maybe", "DoRA.*: must be true or false"),
    values("E103", "a date for a number", "epochs: 2020-01-01", "Passes over your data: "),
    values("E103", "a method that there is not", "method: evil", "Method: must be one of"),
    values("E103", "a choice of 15,000 letters", "schedule: " + "x" * 15_000, "Learning-rate schedule: must be one of .{1,200}"),
    values("E103", "numbers for those who are told", "trackers: [1, 2]", "Also tell"),
    refuse("E103", "a number for a model", "model: 7\nrecipe: {rank: 8}", "The model that this file names is none"),
    refuse("E103", "a model of 1,000 letters", f"model: {'x' * 1000}\nrecipe: {{rank: 8}}", "The model that this file names is none"),
    refuse("Y1", "maps that laugh a billion times", LAUGHS, ALIAS),
    refuse("Y1", "lists that laugh a billion times", LISTS, ALIAS),
    refuse("Y1", "a list that holds itself", "recipe: &a [*a]", ALIAS),
    refuse("Y1", "a key that holds itself", "&a {? *a : 1}", ALIAS),
    refuse("Y2", "an object of Python", "recipe: !!python/object/apply:os.system ['id']", NOT_YAML),
    refuse("Y2", "a module of Python", "recipe: !!python/module:os", NOT_YAML),
    *(refuse("Y2", f"a tag and what is none: {odd}", f"recipe: {{seed: {odd}}}", UNREADABLE)
      for odd in ("!!int ''", "!!float ''", "!!bool maybe", "!!timestamp never", "!!int 7:x")),
    refuse("Y2", "a tag that nobody knows", "recipe: !evil {rank: 8}", NOT_YAML),
    refuse("Y3", "a value twice", "recipe:\n  rank: 8\n  rank: 256\n", "A name stands twice at line 2"),
    refuse("Y3", "a recipe twice", "recipe: {rank: 8}\nrecipe: {rank: 9}", "A name stands twice at line 1"),
    refuse("Y4", "brackets nested 4,000 deep", "[" * 4_000, UNREADABLE),
    refuse("Y4", "1 MB of spaces", " " * 1_000_000, "This file is too long for a recipe"),
    refuse("Y4", "a number of 9,000 sixtieths", "recipe: {seed: 1" + ":59" * 3000 + "}", "Seed: "),
    refuse("Y5", "several documents", "rank: 8\n---\nrank: 9\n", NOT_YAML),
    refuse("Y5", "a NUL", "rank: 8\0", NOT_YAML),
    refuse("Y5", "a tab in place of spaces", "recipe:\n\trank: 8", NOT_YAML),
    refuse("Y5", "a list for a key", "? [a, b]\n: 1", NOT_YAML),
    refuse("Y5", "a program", "#!/bin/sh\nrm -rf ~\n", "This file holds no recipe"),
    accept("Y5", "Windows line ends", "recipe:\r\n  rank: 8\r\n"),
)  # fmt: skip

"""Tables: what the database holds; every rule that SQL can keep is kept here as a constraint."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from studio.domain.deleted import Kind, Stage
from studio.domain.job import JobState, Wish
from studio.domain.study import Choice, Guessed, LinkKind, Side
from studio.domain.verdict import Decision
from studio.store.columns import Id, Json, Key, Moment, Words, metadata, one_of

# `key` makes a job unrepeatable: the same kind and key is the same job. `attempt` only ever grows. `pausing` says that
# a stop is or was meant as a pause. `queued_at` gives what waits its place in the line: to move one is to swap these.
# `wants` is the device that was chosen for it (NULL: any), `place` the one that its newest attempt was given.
jobs = Table(
    "jobs",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("subject_id", Id, nullable=False, index=True),
    Column("key", Text),
    Column("state", String(16), nullable=False),
    Column("wish", String(8), nullable=False),
    Column("pausing", Boolean, nullable=False, server_default=false()),
    Column("attempt", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("queued_at", Moment, nullable=False),
    Column("started_at", Moment),
    Column("ended_at", Moment),
    Column("phase", Words, nullable=False),
    Column("done", BigInteger, nullable=False),
    Column("total", BigInteger, nullable=False),
    Column("seconds_left", Float),
    Column("message", Words, nullable=False),
    Column("fix", Words, nullable=False),
    Column("result", Json, nullable=False),
    Column("pid", Integer),
    Column("wants", Id),
    Column("place", Id),
    UniqueConstraint("kind", "key"),
    one_of("state", JobState),
    one_of("wish", Wish),
    Index("ix_jobs_state_queued_at", "state", "queued_at"),
)

# Apart from `jobs`, because a spec can name 100,000 rows and SQLite rewrites a whole row at every progress update.
specs = Table(
    "specs",
    metadata,
    Column("job_id", Id, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("spec", Json, nullable=False),
)

# `process_started` tells a process from a later one with the same pid; `offset` is how far events.jsonl was read.
attempts = Table(
    "attempts",
    metadata,
    Column("job_id", Id, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("attempt", Integer, primary_key=True),
    Column("began_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Column("pid", Integer),
    Column("process_started", String(100)),
    Column("offset", BigInteger, nullable=False),
    Column("last_seq", Integer, nullable=False),
    Index(
        "ix_attempts_one_live",
        "job_id",
        unique=True,
        sqlite_where=text("ended_at IS NULL"),
        postgresql_where=text("ended_at IS NULL"),
    ),
)

# What a job writes at most into a folder; it counts as long as the job waits or runs.
reservations = Table(
    "reservations",
    metadata,
    Column("job_id", Id, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("bytes", BigInteger, nullable=False),
    Column("place", Text, nullable=False),
)

# What holds for the whole workspace.
settings = Table("settings", metadata, Column("name", Id, primary_key=True), Column("value", Json, nullable=False))

# Which host carries out the jobs, where several could: one row. `beat` counts on as long as it lives, `term` grows with
# every new one; `pid` is NULL where it was given back. `folder` names the files that the jobs speak of.
supervision = Table(
    "supervision",
    metadata,
    Column("term", Integer, primary_key=True, autoincrement=False),
    Column("one", Integer, nullable=False, unique=True),
    Column("beat", BigInteger, nullable=False),
    Column("host", Words, nullable=False),
    Column("pid", Integer),
    Column("process_started", String(100)),
    Column("folder", String(64), nullable=False),
    CheckConstraint("one = 1", name="only_one"),
)

events = Table(
    "events",
    metadata,
    Column("job_id", Id, primary_key=True),
    Column("attempt", Integer, primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("at", Float, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("data", Json, nullable=False),
    ForeignKeyConstraint(["job_id", "attempt"], ["attempts.job_id", "attempts.attempt"], ondelete="CASCADE"),
    Index("ix_events_job_id_kind", "job_id", "kind", "attempt", "seq"),
)

# Every change to the rows of an upload is a dataset of its own: `root_id` is its first version (itself where NULL),
# `step` what was changed. One version can follow another only once, so that no change is lost beside another.
datasets = Table(
    "datasets",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", Words, nullable=False),
    Column("source_name", Words, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("sample", Text),
    Column("job_id", Id, ForeignKey("jobs.id"), nullable=False, unique=True),
    Column("root_id", Id),
    Column("parent_id", Id),
    Column("version", Integer, nullable=False, server_default="1"),
    Column("step", Json),
    Column("mending", Json),
    Index("ix_datasets_root_id_version", "root_id", "version", unique=True),
)

# `bins` has one letter per row.
splits = Table(
    "splits",
    metadata,
    Column("id", Id, primary_key=True),
    Column("dataset_id", Id, ForeignKey("datasets.id"), nullable=False, index=True),
    Column("created_at", Moment, nullable=False),
    Column("choices", Json, nullable=False),
    Column("duplicate_of", Json, nullable=False),
    Column("bins", Text, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", Words, nullable=False),
    Column("dataset_id", Id, ForeignKey("datasets.id"), nullable=False, index=True),
    Column("split_id", Id, ForeignKey("splits.id"), nullable=False),
    Column("model_id", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("recipe", Json, nullable=False),
    Column("plan", Json, nullable=False),
    Column("origin", Json),
    Column("chosen_step", Integer),
    Column("sweep_id", Id, index=True),
    Column("job_id", Id, ForeignKey("jobs.id"), nullable=False, unique=True),
)

# A sweep is deleted and brought back with its runs; one of which every run was forgotten is not listed any more.
sweeps = Table(
    "sweeps",
    metadata,
    Column("id", Id, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("name", Words, nullable=False),
    Column("dataset_id", Id, ForeignKey("datasets.id"), nullable=False),
    Column("model_id", Text, nullable=False),
    Column("knobs", Json, nullable=False),
    Column("created_at", Moment, nullable=False),
)

# What is kept of a run beside what it measured; a run without an entry is from before there was a logbook.
logbook = Table(
    "logbook",
    metadata,
    Column("run_id", Id, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("owner", Words, nullable=False),
    Column("versions", Json, nullable=False),
    Column("notes", Words, nullable=False),
    Column("tags", Json, nullable=False),
)

# `seal` is the whole protocol, frozen, and `fingerprint` its SHA-256.
studies = Table(
    "studies",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", Words, nullable=False),
    Column("run_id", Id, ForeignKey("runs.id"), nullable=False, index=True),
    Column("checkpoint_step", Integer, nullable=False),
    Column("seal", Json, nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("closed_at", Moment),
    Column("note", Words, nullable=False),
    Column("job_id", Id, ForeignKey("jobs.id"), nullable=False, unique=True),
    CheckConstraint("state IN ('writing', 'open', 'closed')", name="state_known"),
)

# Prompts and answers are JSON, because a model may say anything, NUL included, and it is judged as it was said. A
# prompt of somebody's own has no row.
asks = Table(
    "asks",
    metadata,
    Column("study_id", Id, ForeignKey("studies.id", ondelete="CASCADE"), primary_key=True),
    Column("key", Id, primary_key=True, index=True),
    Column("position", Integer, nullable=False),
    Column("row_number", Integer),
    Column("prompt", Json, nullable=False),
    Column("tools", Json, nullable=False),
    Column("reference", Json, nullable=False),
    UniqueConstraint("study_id", "position"),
)

answers = Table(
    "answers",
    metadata,
    Column("study_id", Id, ForeignKey("studies.id", ondelete="CASCADE"), primary_key=True),
    Column("set", String(16), primary_key=True),
    Column("key", Id, primary_key=True),
    Column("contestant", String(16), primary_key=True),
    Column("text", Json, nullable=False),
    Column("tokens", Integer, nullable=False),
    Column("is_cut", Boolean, nullable=False),
    Column("identity", Json, nullable=False),
)

# A link is a right to one study; a rater is known by theirs. `token` is what stands in the address.
links = Table(
    "links",
    metadata,
    Column("id", Id, primary_key=True),
    Column("study_id", Id, ForeignKey("studies.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("kind", String(16), nullable=False),
    Column("token", Key(64), nullable=False, unique=True),
    Column("label", Words, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("revoked_at", Moment),
    one_of("kind", LinkKind),
)

# What a rater was handed. `pair_id` names the opponent and `side` is the fine-tuned answer's, so neither leaves the
# server; a card that comes back to the same person is the same card, held anew since `at`.
cards = Table(
    "cards",
    metadata,
    Column("id", Id, primary_key=True),
    Column("study_id", Id, ForeignKey("studies.id", ondelete="CASCADE"), nullable=False),
    Column("pair_id", Text, nullable=False),
    Column("rater", Id, ForeignKey("links.id"), nullable=False),
    Column("side", String(8), nullable=False),
    Column("at", Moment, nullable=False),
    UniqueConstraint("study_id", "pair_id", "rater"),
    one_of("side", Side),
)

# One current rating per card; what it replaced, and what was taken back, is in rating_history.
ratings = Table(
    "ratings",
    metadata,
    Column("card_id", Id, ForeignKey("cards.id", ondelete="CASCADE"), primary_key=True),
    Column("study_id", Id, ForeignKey("studies.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("rater", Id, nullable=False),
    Column("choice", String(16), nullable=False),
    Column("at", Moment, nullable=False),
    Column("seconds", Float),
    Column("comment", Words, nullable=False),
    Column("marks", Json, nullable=False),
    one_of("choice", Choice),
)

rating_history = Table(
    "rating_history",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("card_id", Id, ForeignKey("cards.id", ondelete="CASCADE"), nullable=False),
    Column("study_id", Id, ForeignKey("studies.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("rater", Id, nullable=False),
    Column("choice", String(16), nullable=False),
    Column("at", Moment, nullable=False),
    Column("seconds", Float),
    Column("comment", Words, nullable=False),
    Column("marks", Json, nullable=False),
    Column("left_at", Moment, nullable=False),
    Column("why", String(16), nullable=False),
    CheckConstraint("why IN ('replaced', 'taken_back')", name="why_known"),
)

# Which side raters took for the new model, once per card.
suspicions = Table(
    "suspicions",
    metadata,
    Column("card_id", Id, ForeignKey("cards.id", ondelete="CASCADE"), primary_key=True),
    Column("study_id", Id, ForeignKey("studies.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("rater", Id, nullable=False),
    Column("guessed", String(8), nullable=False),
    Column("at", Moment, nullable=False),
    one_of("guessed", Guessed),
)

# Somebody's decision in place of the rule's; the newest holds, none is lost.
overrides = Table(
    "overrides",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("study_id", Id, ForeignKey("studies.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("decision", String(16), nullable=False),
    Column("reason", Words, nullable=False),
    Column("by", Words, nullable=False),
    Column("at", Moment, nullable=False),
    one_of("decision", Decision),
)

# A delivery outlives its run, whose name it therefore keeps. `path` is its folder, in the workspace or where people
# wanted it.
releases = Table(
    "releases",
    metadata,
    Column("id", Id, primary_key=True),
    Column("run_id", Id, nullable=False),
    Column("run_name", Words, nullable=False),
    Column("step", Integer, nullable=False),
    Column("form", String(16), nullable=False),
    Column("path", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("job_id", Id, ForeignKey("jobs.id"), nullable=False, unique=True),
)

# `hub_id` and `revision` are what was asked of a hub (an empty revision: the newest), `job_id` its last download; all
# three are NULL for a folder of this machine.
models = Table(
    "models",
    metadata,
    Column("id", Id, primary_key=True),
    Column("title", Words, nullable=False),
    Column("path", Text, nullable=False, unique=True),
    Column("added_at", Moment, nullable=False),
    Column("hub_id", Text),
    Column("revision", Text),
    Column("job_id", Id),
    Index("ix_models_hub_id_revision", "hub_id", "revision", unique=True),
)

# The bin. What is in it is not listed any more; `places` are the files, within the workspace, of what is being removed.
# A checkpoint has its run and step as its id.
deleted = Table(
    "deleted",
    metadata,
    Column("kind", String(16), primary_key=True),
    Column("id", Key(128), primary_key=True),
    Column("name", Words, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("at", Moment, nullable=False),
    Column("stage", String(16), nullable=False),
    Column("places", Json, nullable=False),
    one_of("kind", Kind),
    one_of("stage", Stage),
)

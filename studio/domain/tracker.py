"""Tracker: another place that is told a run's figures; what it is called, and what it may know of this machine."""

from typing import Literal, get_args

Tracker = Literal["wandb", "mlflow", "trackio"]
TRACKERS: tuple[Tracker, ...] = get_args(Tracker)
TRACKER_TITLES: dict[Tracker, str] = {"wandb": "Weights & Biases", "mlflow": "MLflow", "trackio": "Trackio"}
WANDB = "https://api.wandb.ai"
WANDB_ALONE = ("offline", "disabled", "dryrun")  # the modes in which it asks nobody
# The variables that each of them reads, keys among them: a worker has those of the trackers that its run chose.
TRACKER_SETTINGS: dict[Tracker, frozenset[str]] = {
    "wandb": frozenset("WANDB_API_KEY WANDB_BASE_URL WANDB_ENTITY WANDB_PROJECT WANDB_MODE NETRC".split()),
    "mlflow": frozenset(
        "MLFLOW_TRACKING_URI MLFLOW_TRACKING_USERNAME MLFLOW_TRACKING_PASSWORD MLFLOW_TRACKING_TOKEN "
        "MLFLOW_EXPERIMENT_NAME MLFLOW_TRACKING_INSECURE_TLS MLFLOW_TRACKING_SERVER_CERT_PATH".split()
    ),
    "trackio": frozenset("TRACKIO_DIR TRACKIO_SERVER_URL TRACKIO_WRITE_TOKEN".split()),
}

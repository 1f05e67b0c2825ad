"""Topics: what the rows of a dataset are about; looked for in a process of its own, once."""

from dataclasses import dataclass

from studio.data.topics import load_topics
from studio.domain.job import Job, JobKind
from studio.domain.topics import Topics
from studio.flows import bring, looking
from studio.flows.studio import Studio
from studio.store import jobs


@dataclass(frozen=True, slots=True)
class Search:
    """The topics once they were looked for; until then the job shows how far it is, or why it failed."""

    topics: Topics | None
    job: Job | None


def look(studio: Studio, dataset_id: str) -> Search:
    """The topics of a dataset; starts looking when nobody has."""
    folder = studio.workspace.dataset(bring.ready(studio, dataset_id).id)
    found = load_topics(folder)
    if found is not None:
        return Search(found, None)
    job = looking.begin(studio, JobKind.TOPICS, dataset_id, {"dataset": str(folder)}, key=f"topics:{dataset_id}")
    return Search(load_topics(folder), job)


def known(studio: Studio, dataset_id: str) -> Topics | None:
    """The topics, if they were looked for already; nothing starts by asking."""
    return load_topics(studio.workspace.dataset(dataset_id))


def look_again(studio: Studio, job_id: str) -> Job:
    """Try a search that failed once more."""
    return jobs.requeue(studio.store, job_id)

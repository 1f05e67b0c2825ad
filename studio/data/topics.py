"""Topics: what the rows are about, told by the words that some share and others lack.

Rows become weighted word counts (TF-IDF), are reduced to a few directions (truncated SVD) and grouped (k-means). How
many topics there are is decided by stability (Lange et al. 2004): two halves of the rows, grouped on their own, must
agree on all of them, and clearly better than on rows whose words were dealt out at random. Where they never do, there
are no clear topics, and that is said.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from studio.data.arrays import arrays
from studio.data.atomic import replacing
from studio.data.progress import Progress, Stopped
from studio.data.rows import Rows, load_rows
from studio.domain.event import EventKind, Outcome, Reporter
from studio.domain.row import Row
from studio.domain.topics import NO_TOPIC, Topic, Topics

NAME = "topics.npz"
SEED = 7
FEWEST_ROWS = 40
MOST_TOPICS = 12
READ_CHARACTERS = 1_000  # of a row; what it is about shows early
LEARNED_FROM = 8_000  # rows; the others are only told apart
COMPARED = 4_000  # rows on which two halves must agree
DIRECTIONS, WORDS = 20, 20_000
AGREED, BEYOND_CHANCE = 0.6, 0.3  # adjusted Rand index of the halves: 1 is the same groups, 0 is chance
NEARLY_AS_GOOD = 0.02
TELLING = 0.15  # share of a topic's rows that hold its most telling word; with less, they are merely the rest
NO_CLEAR_TOPICS = "There are no clear topics: two halves of the file do not fall into the same groups."
NAME_WORDS = 3
LONGEST_JOINED = 4
TRIES = 4
BLOCK = 5_000
_SPACELESS = "\u0e00-\u109f\u1780-\u17ff\u3005\u3007\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[^\W\d_{_SPACELESS}]{{2,}}|[{_SPACELESS}]+")
_IS_SPACELESS = re.compile(rf"[{_SPACELESS}]")


def find_topics(spec: Mapping[str, Any], reporter: Reporter) -> Outcome:
    """Write the topics of the rows in the folder `spec["dataset"]` beside them."""
    folder = Path(spec["dataset"])
    rows = load_rows(folder)
    try:
        found = topics_of(
            rows,
            at=Progress(reporter, total=len(rows)).at,
            tell=lambda name: reporter.report(EventKind.PHASE, name=name),
        )
    except Stopped:
        return Outcome(state="stopped", message="Looking for topics was stopped.")
    save_topics(found, folder)
    return Outcome(state="done", message=found.sentence, result={"topics": len(found.topics)})


def topics_of(
    rows: Rows, *, at: Callable[[int], None] = lambda _: None, tell: Callable[[str], None] = lambda _: None
) -> Topics:
    """The topics of the rows; the same rows have the same topics in every process."""
    if len(rows) < FEWEST_ROWS:
        return _none(len(rows), f"{len(rows)} rows are too few to tell topics apart; {FEWEST_ROWS} are needed.")
    tell("Reading words")
    read = _learned(rows)
    if read is None:
        return _none(len(rows), "The rows share too few words to tell topics apart.")
    tell("Looking for groups of rows")
    centres = _stable(read)
    if centres is None:
        return _none(len(rows), NO_CLEAR_TOPICS)
    tell("Telling the rows apart")
    of = np.concatenate([_nearest(read.directions_of(block), centres) for block in _blocks(rows, at)])
    return _named(of, read, centres)


def save_topics(found: Topics, folder: Path) -> None:
    facts = {"topics": [asdict(topic) for topic in found.topics], "sentence": found.sentence}
    with replacing(folder / NAME) as file:
        np.savez(file, of=np.array(found.of, dtype=np.int16), facts=np.frombuffer(orjson.dumps(facts), dtype=np.uint8))


def load_topics(folder: Path) -> Topics | None:
    """The topics of a dataset folder, or None while nobody has looked for them."""
    path = folder / NAME
    if not path.exists():
        return None
    with arrays(path) as held:
        facts = orjson.loads(held["facts"].tobytes())
        return Topics(
            topics=tuple(Topic(tuple(topic["words"]), topic["rows"]) for topic in facts["topics"]),
            of=tuple(held["of"].tolist()),
            sentence=facts["sentence"],
        )


def words_of(text: str) -> list[str]:
    """Words in small letters; of scripts without spaces, every two neighbouring characters."""
    words: list[str] = []
    for word in _WORD.findall(text.casefold()):
        if _IS_SPACELESS.match(word):
            words += [word[place : place + 2] for place in range(len(word) - 1)]
        else:
            words.append(word)
    return words


@dataclass(frozen=True, slots=True, eq=False)
class _Read:
    """What was learned from some of the rows: how words weigh, the directions, and those rows themselves."""

    weighing: Any
    reduction: Any
    counts: Any
    directions: NDArray[np.float64]

    def directions_of(self, texts: list[str]) -> NDArray[np.float64]:
        return _unit(self.reduction.transform(self.weighing.transform(texts)))


def _text(row: Row) -> str:
    return "\n".join(message.text for message in row.messages if message.role != "system")[:READ_CHARACTERS]


def _blocks(rows: Rows, at: Callable[[int], None]) -> Iterator[list[str]]:
    block: list[str] = []
    for row in rows:
        block.append(_text(row))
        if len(block) == BLOCK:
            at(row.number)
            yield block
            block = []
    if block:
        yield block


def _learned(rows: Rows) -> _Read | None:
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, TfidfVectorizer
    from threadpoolctl import threadpool_limits

    chosen = np.sort(np.random.default_rng(SEED).permutation(len(rows))[:LEARNED_FROM])
    vectorizer: Any = TfidfVectorizer  # its types want a word for analyzer
    weighing = vectorizer(
        analyzer=lambda text: [word for word in words_of(text) if word not in ENGLISH_STOP_WORDS],
        min_df=max(2, len(chosen) // 1000),
        max_df=0.4,
        max_features=WORDS,
        sublinear_tf=True,
    )
    try:
        counts = weighing.fit_transform([_text(rows[number]) for number in chosen.tolist()])
    except ValueError:  # no word is in two rows and in no more than 40 % of them
        return None
    counts = counts[np.diff(counts.indptr) > 0]
    if counts.shape[0] < FEWEST_ROWS or counts.shape[1] <= MOST_TOPICS:
        return None
    reduction = TruncatedSVD(min(DIRECTIONS, counts.shape[1] - 1), random_state=SEED)
    with threadpool_limits(1):  # sums in another order would differ in their last digits
        return _Read(weighing, reduction, counts, _unit(reduction.fit_transform(counts)))


def _stable(read: _Read) -> NDArray[np.float64] | None:
    """The centres of as many groups as two halves of the rows agree on best; None where they do not agree."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        agreed = {count: _agreement(read.directions, count) for count in range(2, MOST_TOPICS + 1)}
        while agreed and (best := max(agreed.values())) >= AGREED:
            count = max(count for count, held in agreed.items() if held >= best - NEARLY_AS_GOOD)
            if agreed.pop(count) - _agreement(_by_chance(read), count) >= BEYOND_CHANCE:
                return _centres(read.directions, count)
    return None


def _agreement(directions: NDArray[np.float64], count: int) -> float:
    """How far two halves of the rows agree on `count` groups, over three ways to halve them."""
    from sklearn.metrics import adjusted_rand_score

    found = []
    for way in range(3):
        order = np.random.default_rng(SEED + way).permutation(len(directions))[:COMPARED]
        halves = order[: len(order) // 2], order[len(order) // 2 :]
        one, other = (_nearest(directions[order], _centres(directions[half], count)) for half in halves)
        found.append(adjusted_rand_score(one, other))
    return float(np.mean(found))


def _by_chance(read: _Read) -> NDArray[np.float64]:
    """Directions of rows among which every word was dealt out anew, as often as it was there."""
    from sklearn.decomposition import TruncatedSVD

    draw, shuffled = np.random.default_rng(SEED), read.counts.tocsc(copy=True)
    for start, end in zip(shuffled.indptr, shuffled.indptr[1:], strict=False):
        shuffled.indices[start:end] = np.sort(draw.choice(shuffled.shape[0], end - start, replace=False))
    return _unit(TruncatedSVD(read.directions.shape[1], random_state=SEED).fit_transform(shuffled.tocsr()))


def _centres(directions: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    from sklearn.cluster import KMeans

    grouping: Any = KMeans  # its types want a word for n_init
    return grouping(count, n_init=TRIES, random_state=SEED).fit(directions).cluster_centers_


def _nearest(directions: NDArray[np.float64], centres: NDArray[np.float64]) -> NDArray[np.int64]:
    """The group of every row; NO_TOPIC where it holds none of the words that were learned."""
    distance = (centres**2).sum(axis=1) - 2 * directions @ centres.T
    return np.where(directions.any(axis=1), distance.argmin(axis=1), NO_TOPIC)


def _unit(directions: NDArray[np.float64]) -> NDArray[np.float64]:
    length = np.linalg.norm(directions, axis=1, keepdims=True)
    return directions / np.where(length > 1e-12, length, 1)


def _named(of: NDArray[np.int64], read: _Read, centres: NDArray[np.float64]) -> Topics:
    """The topics by their words, the most rows first; a group without a telling word is no topic but the rest."""
    words = read.weighing.get_feature_names_out()
    has = read.counts > 0
    group = _nearest(read.directions, centres)
    overall = np.asarray(has.mean(axis=0)).ravel()
    names: dict[int, tuple[str, ...]] = {}
    for number in range(len(centres)):
        inside = np.asarray(has[group == number].mean(axis=0)).ravel()
        # What a word of this topic tells beyond any row: the terms of a Kullback-Leibler divergence.
        telling = inside * np.log(np.maximum(inside, 1e-9) / overall) - (inside - overall)
        best = np.argsort(-np.where(inside > overall, telling, 0), kind="stable")[:24]
        if inside[best[0]] >= TELLING:
            names[number] = _joined([(str(words[place]), float(inside[place])) for place in best])
    order = sorted(names, key=lambda number: (-int((of == number).sum()), number))
    new = np.full(len(centres) + 1, NO_TOPIC)
    new[order] = np.arange(len(order))
    topics = tuple(Topic(names[number], int((of == number).sum())) for number in order)
    if len(topics) < 2:
        return _none(len(of), "There are no clear topics: hardly any words set some rows apart from the others.")
    return Topics(topics, tuple(new[of].tolist()), _sentence(topics, rows=len(of)))


def _joined(words: list[tuple[str, float]]) -> tuple[str, ...]:
    """The most telling words; pairs of characters that overlap and are in the same rows make up one word again."""
    left, made = dict(words), []
    while left and len(made) < NAME_WORDS:
        word, share = next(iter(left.items()))
        del left[word]
        while _IS_SPACELESS.match(word) and len(word) < LONGEST_JOINED:
            pair = next((p for p in left if left[p] >= 0.8 * share and p[0] == word[-1]), None)
            if pair is None:
                break
            word += pair[1:]
            del left[pair]
        made.append(word)
    return tuple(made)


def _sentence(topics: tuple[Topic, ...], *, rows: int) -> str:
    rest = rows - sum(topic.rows for topic in topics)
    more = f" {rest:,} {'row is' if rest == 1 else 'rows are'} about something else." if rest else ""
    return f"{len(topics)} topics, told by their words.{more}"


def _none(rows: int, sentence: str) -> Topics:
    return Topics((), (NO_TOPIC,) * rows, sentence)

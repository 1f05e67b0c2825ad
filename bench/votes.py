"""What a vote takes where many judge one study at once: beside as many rows that bare SQLite keeps, one commit each.

python -m bench.votes                               20 raters, 600 prompts, on a SQLite file
python -m bench.votes --prompts 5000 --seconds 20
python -m bench.votes --url postgresql+psycopg://…  an empty database on a server
"""

import argparse
import sqlite3
import statistics
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Engine, event

from bench.size import machine
from studio.domain.study import Choice
from studio.flows import judge
from studio.flows.studio import Studio, open_studio
from studio.store import cards
from studio.store.database import PRAGMAS
from tests.store.examples import Examples


@dataclass
class Counted:
    """Seconds of each vote, and how often the database was asked and made to keep something meanwhile."""

    votes: list[float] = field(default_factory=list)
    asked: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    busy: float = 0.0

    def watch(self, engine: Engine) -> None:
        def counted(_connection: object, _cursor: object, statement: str, *_: object) -> None:
            self.asked[statement.split(None, 1)[0].upper()] += 1

        event.listen(engine, "before_cursor_execute", counted)
        event.listen(engine, "commit", lambda _connection: self.asked.update(["COMMIT"]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--raters", type=int, default=20)
    parser.add_argument("--prompts", type=int, default=600)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--url")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-votes-") as folder:
        bare = rows_a_second(Path(folder) / "bare.db", given.seconds / 4)
        studio = open_studio(Path(folder) / "workspace", url=given.url)
        try:
            print(f"{given.raters} raters, {given.prompts:,} prompts; {machine()}", flush=True)
            tell(voted(studio, given.raters, given.prompts, given.seconds), bare)
        finally:
            studio.store.close()


def rows_a_second(path: Path, seconds: float) -> float:
    """How many rows bare SQLite keeps in a second, one after the other, each on disk before the next."""
    with sqlite3.connect(path, isolation_level=None) as plain:
        for pragma in PRAGMAS:
            plain.execute(f"PRAGMA {pragma}")
        plain.execute("CREATE TABLE kept (id INTEGER PRIMARY KEY, said TEXT)")
        kept, until = 0, time.monotonic() + seconds
        while time.monotonic() < until:
            plain.execute("INSERT INTO kept (said) VALUES ('left')")
            kept += 1
    return kept / seconds


def voted(studio: Studio, raters: int, prompts: int, seconds: float) -> Counted:
    """Everybody judges what they are handed until the time is over; each vote must have been kept once."""
    study, counted = Examples(studio.store).open_study(prompts=prompts), Counted()
    tokens = [Examples(studio.store).rater(study, f"Rater {number}").token for number in range(raters)]
    held = {token: judge.turn(studio, token) for token in tokens}
    counted.watch(studio.store.engine)
    began, busy = time.monotonic(), time.process_time()
    until, broken = began + seconds, list[BaseException]()

    def rate(token: str) -> None:
        turn = held[token]
        try:
            while time.monotonic() < until and (turn.card or turn.asked_about):
                pressed = time.perf_counter()
                if turn.asked_about:
                    turn = judge.suspect(studio, token, turn.asked_about, None)
                    continue
                assert turn.card
                turn = judge.rate(studio, token, turn.card.id, Choice.LEFT, seconds=1.0)
                counted.votes.append(time.perf_counter() - pressed)
        except BaseException as error:
            broken.append(error)

    threads = [threading.Thread(target=rate, args=[token]) for token in tokens]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    counted.seconds, counted.busy = time.monotonic() - began, time.process_time() - busy
    if broken:
        raise broken[0]
    assert len(cards.ratings(studio.store, study.id)) == len(counted.votes), "each vote is there once"
    return counted


def tell(counted: Counted, bare: float) -> None:
    votes = len(counted.votes)
    rate, cut = votes / counted.seconds, statistics.quantiles(counted.votes, n=100)
    each = ", ".join(f"{times / votes:.2f} {kind}" for kind, times in sorted(counted.asked.items()))
    print(
        f"{votes:,} votes: {rate:.1f} a second, {rate / bare:.2f} × the {bare:.1f} rows of bare SQLite; "
        f"p50 {cut[49] * 1000:,.0f} ms, p95 {cut[94] * 1000:,.0f} ms"
    )
    print(f"of the processor {counted.busy / votes * 1000:.2f} ms a vote; of the database {each}")


if __name__ == "__main__":
    main()

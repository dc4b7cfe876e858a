"""Kill the night's job at random points and compare its rows with those of a run left alone.

`CHURN_HOME=... python -m experiments.kills [--kills N] [--seed N]`, over a home that `churn demo`
made: N kills (-9) on the way to the data set, and N on the way to its copy in a PostgreSQL server
of its own; half of them before a change of the disk or data base, half at a moment. Writes
figures.json.
"""

import argparse
import json
import sys
from collections.abc import Iterable
from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from math import inf
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from features.settings import Settings, read_settings
from serving.batch import score_everyone
from serving.opening import history_of, scorer_of
from serving.scorer import Scorer
from tests.features import postgres
from tests.serving.night import Survived, Target, data_set, survived, tables

HERE = Path(__file__).parent
COUNTS = ("compared", "lost", "doubled", "others", "torn")
BLOCKS = 8


def main() -> None:
    """Kill, compare, say it, and write it to figures.json; ends with 1 if a row is wrong."""
    parser = argparse.ArgumentParser(prog="python -m experiments.kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    settings = read_settings()
    scorer = scorer_of(settings, history_of(settings), lambda: datetime.now(UTC))
    as_of = scorer.next_as_of()
    with TemporaryDirectory() as made, postgres.served() as url:
        place, block = Path(made), len(scorer.everyone(as_of).cases.people) // BLOCKS
        targets = {
            "data set": data_set(settings.bundle, location(settings), as_of, place, block),
            "PostgreSQL": copies(scorer, as_of, place / "copies", url),
        }
        told = {name: killed(each, asked.kills, asked.seed) for name, each in targets.items()}
    said = {"command": " ".join(["python -m experiments.kills", *sys.argv[1:]]), **told}
    text = json.dumps(said, indent=1, default=str) + "\n"
    (HERE / "figures.json").write_text(text)
    sys.stdout.write(text)
    sys.exit(any(each[wrong] for each in told.values() for wrong in COUNTS[1:]))


def location(settings: Settings) -> str:
    """Where the history is, from wherever it is asked."""
    return str(Path(settings.history).resolve())


def copies(scorer: Scorer, as_of: date, place: Path, url: str) -> Target:
    """Runs with two sets of bands, of which one takes the other's place in the tables."""
    other = replace(scorer, limits=tuple(limit / 2 for limit in scorer.limits))
    before = score_everyone(other, as_of, place / "before").folder
    after = score_everyone(scorer, as_of, place / "after").folder
    return tables(before, after, as_of, url)


def killed(target: Target, kills: int, seed: int) -> dict[str, Any]:
    """What became of the rows, and where the runs were killed."""
    told = []
    for each in survived(target, kills, Random(seed)):
        told.append(each)
        sys.stderr.write(f"{sum(len(one.kills) for one in told)} kills\n")
    return said_of(told)


def said_of(told: Iterable[Survived]) -> dict[str, Any]:
    """All runs together."""
    runs = [asdict(each) for each in told]
    points = [kill for each in runs for kill in each["kills"]]
    return {
        "kills": len(points),
        "kills_in_a_row": [len(each["kills"]) for each in runs],
        "runs_left_alone_after": len(runs),
        **{name: sum(each[name] for each in runs) for name in COUNTS},
        "left_behind": sum(len(each["left"]) for each in runs),
        "killed_before_change": sorted(kill["before"] for kill in points if kill["before"]),
        "killed_after_seconds": sorted(
            round(kill["after"], 3) for kill in points if kill["after"] < inf
        ),
    }


if __name__ == "__main__":
    main()

"""The features of use by other means: pandas, Polars and featuretools, value for value.

`python -m experiments.benchmarks.peers [--events N]`. pandas and Polars compute every feature of
use in the catalogue, vectorised, each in its own idiom: pandas reads a file at a time and keeps the
days that a window reaches. featuretools gets a cut-off of its own for each customer, as a training
set needs them, and all of these features but the trend. What it takes is told per customer, beside
what a customer takes here: with one date for the whole base, and with a date of its own for each.
"""

import argparse
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, time, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from experiments.benchmarks.goals import Goal, at_least, line
from experiments.benchmarks.histories import Size, kept
from experiments.benchmarks.turns import in_turn, processor, spread
from features.featureset import FeatureSet
from features.sources import opened
from features.usage import USAGE
from features.vectors import spine, vectors

USE = FeatureSet("use", USAGE)
USED = ["customer_id", "at", "known_at", "quantity", "user_id", "event"]
FOUR = ("events", "days", "users", "kinds")
WINDOWS: Mapping[tuple[int, int], tuple[str, ...]] = {
    (1, 7): ("events",),
    (1, 28): FOUR,
    (1, 84): ("events", "days", "users", "rows", "weeks"),
    (8, 14): ("events",),
    (29, 56): FOUR,
    (85, 168): ("events",),
}
REACH = max(last for _, last in WINDOWS)
WEEKS = 12  # of the trend
OLD_PANDAS = Path(".venv/featuretools/bin/python")  # `make .venv/bench` makes it
SCRIPT = Path(__file__).with_name("by_featuretools.py")
FEW, BASE = 40, 2_000  # customers featuretools is asked for, of a base that it holds in memory
DATES = 84  # the last days, of which each customer has one


def rows(events: int = 50_000_000, rounds: int = 3) -> Iterator[Goal]:
    """Ours against each peer that is installed, on a history of so many events of use."""
    size = Size(events)
    folder = kept(size)
    ours = partial(_ours, folder, size)
    for name, other, bound in (("pandas", _pandas, 3.0), ("Polars", _polars, 0.5)):
        theirs = partial(other, folder, size)
        _require_equal(ours(), theirs().reindex(_people(size)), name)
        found, told = spread(in_turn(processor(theirs), processor(ours), rounds))
        how = f"processor seconds for the {len(USE.names)} features of use at one date, "
        how += f"{events:,} events of {size.people:,} customers, {told}"
        yield at_least(f"{name} through ours", found, bound, how)
    if OLD_PANDAS.exists():
        yield from _featuretools(folder, size)


def _people(size: Size) -> list[str]:
    return [f"C{number:07}" for number in range(size.people)]


def _ours(folder: Path, size: Size) -> pd.DataFrame:
    made = vectors(USE, opened(str(folder)), spine(_people(size), [size.as_of]))
    return made.droplevel("as_of")


def _of_dates(folder: Path, wanted: pd.DataFrame) -> pd.DataFrame:
    return vectors(USE, opened(str(folder)), wanted).droplevel("as_of")


def _own_dates(size: Size) -> pd.DataFrame:
    """Every customer with a date of its own."""
    dates = [size.as_of - timedelta(days=place % DATES) for place in range(size.people)]
    return pd.DataFrame({"customer_id": _people(size), "as_of": dates})


def _pandas(folder: Path, size: Size) -> pd.DataFrame:
    """What a window reaches, together; the last use, file by file."""
    cut = pd.Timestamp(size.as_of)
    files = (_known(file, cut) for file in sorted((folder / "usage").iterdir()))
    parts = [(use.groupby("customer_id")["day"].min(), use[use["day"] <= REACH]) for use in files]
    use = pd.concat([recent for _, recent in parts])
    use["customer_id"], use["week"] = use["customer_id"].astype("category"), (use["day"] - 1) // 7
    found = {
        f"{what}_{first}_{last}": PANDAS[what](group)
        for (first, last), asked in WINDOWS.items()
        for group in [use[use["day"].between(first, last)].groupby("customer_id", observed=True)]
        for what in asked
    }
    idle = pd.concat([last for last, _ in parts]).groupby(level=0).min()
    return _finished(pd.DataFrame(found | {"idle": idle}))


def _known(file: Path, cut: pd.Timestamp) -> pd.DataFrame:
    use = pd.read_parquet(file, columns=USED)
    use = use[use["at"].lt(cut) & ~use["known_at"].ge(cut)]
    day = (cut - use["at"].dt.normalize()).dt.days
    return use.assign(day=day, quantity=use["quantity"].fillna(1.0))


PANDAS: Mapping[str, Callable[[Any], Any]] = {
    "events": lambda group: group["quantity"].sum(),
    "days": lambda group: group["day"].nunique(),
    "users": lambda group: group["user_id"].nunique(),
    "kinds": lambda group: group["event"].nunique(),
    "rows": lambda group: group.size(),
    "weeks": lambda group: group["week"].sum(),
}


def _polars(folder: Path, size: Size) -> pd.DataFrame:
    """Lazy: one plan over all files."""
    import polars as pl

    cut, day = datetime.combine(size.as_of, time()), pl.col("day")
    ago = (pl.lit(size.as_of) - pl.col("at").dt.date()).dt.total_days()
    use = pl.scan_parquet(folder / "usage" / "*.parquet").filter(
        pl.coalesce("known_at", "at") < cut, pl.col("at") < cut
    )
    how = {"events": pl.col("quantity").fill_null(1.0), "weeks": (day - 1) // 7}
    counted = {"days": day, "users": pl.col("user_id"), "kinds": pl.col("event")}
    asked = [day.min().alias("idle")]
    for (first, last), wanted in WINDOWS.items():
        within = day.is_between(first, last)
        sums = {name: value.filter(within).sum() for name, value in how.items()}
        sums |= {name: value.filter(within).n_unique() for name, value in counted.items()}
        sums["rows"] = within.sum()
        asked += [sums[what].alias(f"{what}_{first}_{last}") for what in wanted]
    made = use.with_columns(ago.alias("day")).group_by("customer_id").agg(asked).collect()
    return _finished(pd.DataFrame(made.to_dict(as_series=False)).set_index("customer_id"))


def _finished(found: pd.DataFrame) -> pd.DataFrame:
    """The features, from what was counted and summed in windows."""
    idle = found["idle"]
    found = found.fillna(0)
    made = {f"events_{days}d": found[f"events_1_{days}"] for days in (7, 28, 84)}
    for name, what in (("active_days", "days"), ("active_users", "users")):
        made |= {f"{name}_{days}d": found[f"{what}_1_{days}"] for days in (28, 84)}
    made |= {"distinct_events_28d": found["kinds_1_28"], "days_since_last_use": idle}
    for name in (n for n in USE.names if "_change_" in n):
        made[name] = _changed(found, name)
    centred = found["rows_1_84"] * ((WEEKS - 1) / 2) - found["weeks_1_84"]
    slope = centred / (WEEKS * (WEEKS**2 - 1) / 12)
    made["events_trend_84d"] = slope / (found["rows_1_84"] / WEEKS)
    made["last_week_share_28d"] = found["events_1_7"] / found["events_1_28"]
    return pd.DataFrame(made)[list(USE.names)]


CALLED = {"events": "events", "active_days": "days", "active_users": "users"}


def _changed(found: pd.DataFrame, name: str) -> pd.Series:
    """(now - before) / (now + before), of a name such as events_7d_change_7d."""
    what, days = name.split("_change_", maxsplit=1)[0].removesuffix("d").rsplit("_", 1)
    said = CALLED.get(what, "kinds")
    now = found[f"{said}_1_{days}"]
    before = found[f"{said}_{int(days) + 1}_{2 * int(days)}"]
    return (now - before) / (now + before)


def _featuretools(folder: Path, size: Size) -> Iterator[Goal]:
    """Seconds a customer there, with a cut-off each, over seconds a customer here."""
    own = _own_dates(size)
    there = _by_featuretools(folder, own.head(FEW)) / FEW
    said = f"processor seconds a customer: {FEW} of {BASE:,} with a cut-off each there, "
    ways: dict[str, Callable[[], object]] = {
        "with one date": partial(_ours, folder, size),
        "with a date each, too": partial(_of_dates, folder, own),
    }
    for way, work in ways.items():
        work()
        ratio = there / (processor(work)() / size.people)
        how = f"{said}{size.people:,} here, {size.events:,} events"
        yield at_least(f"featuretools through ours {way}", ratio, 1000.0, how)


def _by_featuretools(folder: Path, asked: pd.DataFrame) -> float:
    """The processor's seconds; on a base without late rows, which it could not leave out."""
    with TemporaryDirectory() as place:
        made = Path(place)
        _some(folder, made / "history")
        asked.to_csv(made / "asked.csv", index=False)
        command = (
            OLD_PANDAS,
            "-W",
            "ignore",
            SCRIPT,
            made / "history",
            made / "asked.csv",
            made / "found.csv",
        )
        done = subprocess.run(
            list(map(str, command)), check=True, stdout=subprocess.PIPE, text=True
        )
        found = pd.read_csv(made / "found.csv", index_col="customer_id")
        theirs = _finished(found.assign(rows_1_84=np.nan, weeks_1_84=np.nan))  # it has no trend
        ours = _of_dates(made / "history", asked)
        there = [name for name in theirs if name != "events_trend_84d"]
        _require_equal(ours[there], theirs[there], "featuretools")
        return float(done.stdout)


def _some(folder: Path, to: Path) -> None:
    """The first customers of a history and their use, as far as it arrived at once."""
    to.mkdir()
    first = f"customer_id < 'C{BASE:07}'"
    with duckdb.connect() as database:
        for name, files, where in (
            ("customers", "customers.parquet", first),
            ("usage", "usage/*.parquet", f"{first} AND known_at IS NULL"),
        ):
            query = f"SELECT * FROM '{folder / files}' WHERE {where}"
            database.execute(f"COPY ({query}) TO '{to / name}.parquet' (FORMAT parquet)")


def _require_equal(ours: pd.DataFrame, theirs: pd.DataFrame, name: str) -> None:
    """Refuses a peer that computes something else."""
    here, there = (frame[list(theirs)].astype(float) for frame in (ours, theirs))
    unseen = [name for name in theirs.columns if USE[name].if_none == 0]
    same = np.isclose(here, there.fillna(dict.fromkeys(unseen, 0.0)), equal_nan=True)
    if not same.all():
        differ = dict(zip(theirs, (~same).sum(axis=0).tolist(), strict=True))
        raise AssertionError(f"{name} gives other values: {differ}")


def main(arguments: list[str] | None = None) -> None:
    """Measure and print one line a goal."""
    parser = argparse.ArgumentParser(prog="experiments.benchmarks.peers", description=__doc__)
    parser.add_argument("--events", type=int, default=50_000_000, help="size of the history")
    parser.add_argument("--rounds", type=int, default=3, help="how often each way is taken")
    asked = parser.parse_args(arguments)
    for goal in rows(asked.events, asked.rounds):
        sys.stdout.write(line(goal))


if __name__ == "__main__":
    main()

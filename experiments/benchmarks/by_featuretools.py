"""What featuretools takes for some customers of a base, each with a cut-off of its own.

Run by its own interpreter (`make .venv/bench`), for it needs an older pandas: it prints the
processor's seconds, after a warm-up on one customer, and writes what it found. A window that ends
before the date is the window of an earlier cut-off.
"""

import sys
from pathlib import Path
from time import process_time
from typing import Any

import featuretools as ft
import pandas as pd

NAMES = {
    "events": "SUM(usage.quantity)",
    "days": "NUM_UNIQUE(usage.day)",
    "users": "NUM_UNIQUE(usage.user_id)",
    "kinds": "NUM_UNIQUE(usage.event)",
    "idle": "TIME_SINCE_LAST(usage.at, unit=days)",
}
FOUR = ("events", "days", "users", "kinds")
WINDOWS = {
    (1, 7): ("events",),
    (1, 28): FOUR,
    (1, 84): ("events", "days", "users"),
    (8, 14): ("events",),
    (29, 56): FOUR,
    (85, 168): ("events",),
}
KINDS = dict.fromkeys(("customer_id", "user_id", "event", "day"), "Categorical")


def main(history: Path, asked: Path, to: Path) -> None:
    """Every window of use that `experiments.benchmarks.peers` names, for all who are asked for."""
    use = pd.read_parquet(history / "usage.parquet").drop(columns="known_at")
    use["row"], use["day"] = range(len(use)), use["at"].dt.normalize().astype(str)
    entities = ft.EntitySet("use")
    entities.add_dataframe(use, "usage", index="row", time_index="at", logical_types=KINDS)
    # Customers are there in every window, whenever they were first seen.
    entities.normalize_dataframe("usage", "customers", "customer_id", make_time_index=False)
    entities.add_last_time_indexes()
    wanted = pd.read_csv(asked, parse_dates=["as_of"]).rename(columns={"as_of": "time"})
    _found(entities, wanted.head(1))
    begun = process_time()
    found = _found(entities, wanted)
    sys.stdout.write(str(process_time() - begun))
    found.to_csv(to)


def _found(entities: ft.EntitySet, wanted: pd.DataFrame) -> pd.DataFrame:
    defined = ft.dfs(
        entityset=entities,
        target_dataframe_name="customers",
        agg_primitives=["sum", "num_unique", ft.primitives.TimeSinceLast(unit="days")],
        trans_primitives=[],
        max_depth=1,
        features_only=True,
    )
    by_name = {one.get_name(): one for one in defined}
    made = {}
    for (first, last), asked in WINDOWS.items():
        shifted = wanted.assign(time=wanted["time"] - pd.Timedelta(days=first - 1))
        some = [by_name[NAMES[what]] for what in asked]
        matrix = _matrix(entities, shifted, some, f"{last - first + 1} days")
        for what in asked:
            made[f"{what}_{first}_{last}"] = matrix[NAMES[what]]
    ever = _matrix(entities, wanted, [by_name[NAMES["idle"]]], None)[NAMES["idle"]]
    return pd.DataFrame(made | {"idle": ever.astype(float).apply(lambda days: -(-days // 1))})


def _matrix(
    entities: ft.EntitySet, wanted: pd.DataFrame, features: list[Any], window: str | None
) -> pd.DataFrame:
    found: pd.DataFrame = ft.calculate_feature_matrix(
        features, entities, cutoff_time=wanted, training_window=window, include_cutoff_time=False
    )
    return found


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))

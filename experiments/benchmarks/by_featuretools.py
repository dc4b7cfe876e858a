"""What featuretools takes for some customers of a base, each with a cut-off of its own.

Run by its own interpreter (`make .venv/bench`), for it needs an older pandas: it prints the
processor's seconds, after a warm-up on one customer.
"""

import sys
from datetime import timedelta
from pathlib import Path
from time import process_time

import featuretools as ft
import pandas as pd

WINDOWS = (7, 28, 84)


def main(folder: Path, as_of: str, customers: int, base: int) -> None:
    """Count, sum and distinct users of use over each window, as `experiments.benchmarks.peers`."""
    ids = [f"C{number:07}" for number in range(base)]
    files = sorted((folder / "usage").iterdir())
    use = pd.concat([pd.read_parquet(file) for file in files], ignore_index=True)
    use = use[use["customer_id"].isin(ids)].reset_index(drop=True)
    use["row"] = range(len(use))
    entities = ft.EntitySet("use")
    entities.add_dataframe(use, "usage", index="row", time_index="at", logical_types=KINDS)
    entities.normalize_dataframe("usage", "customers", "customer_id")
    times = [pd.Timestamp(as_of) - timedelta(seconds=number) for number in range(customers)]
    asked = pd.DataFrame({"customer_id": ids[:customers], "time": times})
    _vectors(entities, asked.head(1))
    begun = process_time()
    _vectors(entities, asked)
    sys.stdout.write(str(process_time() - begun))


KINDS = {"customer_id": "Categorical", "user_id": "Categorical", "event": "Categorical"}


def _vectors(entities: ft.EntitySet, asked: pd.DataFrame) -> None:
    for days in WINDOWS:
        ft.dfs(
            entityset=entities,
            target_dataframe_name="customers",
            cutoff_time=asked,
            agg_primitives=["count", "sum", "num_unique"],
            trans_primitives=[],
            training_window=f"{days} days",
            max_depth=1,
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))

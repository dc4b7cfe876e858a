"""Whether a night's scores look like those of the run before; if not, a person has to say so."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from features.errors import Unlikely
from serving.dataset import FILE, Run
from serving.schemas import Band

UNSAID = Band.INSUFFICIENT_DATA.value


@dataclass(frozen=True)
class Limits:
    """The shares up to which a run may differ from the one before it.

    `shrunken` is of customers, or of a table's rows, that are gone; `moved` is of customers scored
    in both whose band is another.
    """

    shrunken: float = 0.1
    moved: float = 0.4


def require_likely(
    made: Path, said: Mapping[str, Any], before: Run | None, limits: Limits, accepted: str = ""
) -> None:
    """Hold back a run that differs too much from the one before, unless somebody said why.

    Raises:
        Unlikely: It does; what differs, by how much, and how to publish it all the same.
    """
    found = differences(made, said, before, limits) if before else []
    if found and not accepted:
        raise Unlikely(
            f"Not published: {'; '.join(found)}. Look at the input; if it is right, run this again "
            "with --accept and the reason: what is scored already is kept."
        )


def differences(made: Path, said: Mapping[str, Any], before: Run, limits: Limits) -> list[str]:
    """What differs too much, in words."""
    was = before.manifest
    sizes = {"customers": (was["customers"], said["customers"])}
    known = said["known_rows"]
    sizes |= {f"rows of {n!r}": (c, known.get(n, 0)) for n, c in was.get("known_rows", {}).items()}
    found = [
        f"{now:,} {name} after {then:,} on {was['as_of']} (limit: {limits.shrunken:.0%} fewer)"
        for name, (then, now) in sizes.items()
        if now < then * (1 - limits.shrunken)
    ]
    share = moved(made, before.folder)
    if share > limits.moved:
        found.append(
            f"{share:.0%} of the customers are in another band than on {was['as_of']} "
            f"(limit: {limits.moved:.0%}; model {was['model_version']} then, "
            f"{said['model_version']} now)"
        )
    return found


def moved(made: Path, before: Path) -> float:
    """The share of customers scored in both runs whose band is another."""
    now, then = _bands(made), _bands(before)
    was = then["band"].take(pc.index_in(now["customer_id"], then["customer_id"]))
    share = pc.mean(pc.not_equal(now["band"], was).cast(pa.float64())).as_py()
    return share or 0.0


def _bands(folder: Path) -> pa.Table:
    rows = pq.read_table(folder / FILE, columns=["customer_id", "band"])
    return rows.filter(pc.not_equal(rows["band"], UNSAID)).combine_chunks()

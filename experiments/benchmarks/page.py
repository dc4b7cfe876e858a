"""Time the pages at the server: `python -m experiments.benchmarks page`.

A made-up data set of three runs; each address is asked for over HTTP's own application interface,
in this process, so that no network is measured. Seconds are the wall's: what a reader waits for.
"""

import asyncio
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from time import perf_counter

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from httpx import ASGITransport, AsyncClient

from experiments.benchmarks.goals import Goal, at_most
from serving.bands import band_of
from serving.board import Board
from serving.dataset import FILE, MANIFEST, PREFIX, SCHEMA, SUCCESS
from serving.web import pages

BOUND = 200.0  # milliseconds
LATEST = date(2026, 11, 1)
THEMES = ("usage", "support", "billing", "sentiment", "onboarding", "contract")
LIMITS = (0.05, 0.1, 0.2)
ASKED = {
    "the first page": "/",
    "the last page": "/?page=100000",
    "a view, the change reversed": "/?view=worsened&sort=-change",
    "three bands by reason": "/?band=high&band=medium&band=low&sort=reason",
    "a search in every name, by name": "/?search=a&sort=-name&page=500",
    "every filter at once": "/?owner=Owner+3&segment=small&band=low&theme=usage&renewal=180"
    "&search=e&sort=owner",
    "silent ones by renewal": "/?view=silent&sort=renewal",
    "the model's page": "/model",
}


def rows(customers: int = 100_000, rounds: int = 15) -> Iterator[Goal]:
    """Every address on a data set of three runs."""
    with TemporaryDirectory() as folder:
        for back in (56, 28, 0):
            write_run(Path(folder), LATEST - timedelta(days=back), customers, back)
        yield from asyncio.run(_measured(Path(folder), customers, rounds))


async def _measured(scores: Path, customers: int, rounds: int) -> list[Goal]:
    transport = ASGITransport(pages(Board(scores)))
    async with AsyncClient(transport=transport, base_url="http://localhost") as client:
        reading = await _seconds(client, "/")
        rows = [await _row(client, name, customers, rounds) for name in ASKED]
    how = f"{customers:,} customers, once after each night's run"
    read = at_most("ms to read a new run and show it", 1000 * reading, 10_000, how)
    return [*rows, read]


def write_run(scores: Path, as_of: date, customers: int, seed: int) -> None:
    """One run of so many made-up customers, each with three reasons."""
    place = scores / f"{PREFIX}{as_of}"
    place.mkdir()
    pq.write_table(made_up(as_of, customers, seed), place / FILE, compression="zstd")
    (place / MANIFEST).write_text("{}")
    (place / SUCCESS).touch()


def made_up(as_of: date, customers: int, seed: int) -> pa.Table:
    """The columns of a run; what a page does not show is empty."""
    rng = np.random.default_rng(seed)
    chance, mrr = rng.beta(1, 12, customers), rng.lognormal(5, 1.5, customers)
    places = rng.integers(0, len(THEMES), (customers, 3))
    columns = {
        "customer_id": [f"C{n:06}" for n in range(customers)],
        "name": [f"Customer {n * 7919 % customers} Ltd" for n in range(customers)],
        "owner": [f"Owner {n}" for n in rng.integers(0, 40, customers)],
        "segment": np.array(["small", "mid", "enterprise"])[rng.integers(0, 3, customers)],
        "plan": ["team"] * customers,
        "horizon_days": np.full(customers, 90, np.int32),
        "probability": chance,
        "band": [str(band_of(one, LIMITS)) for one in chance.tolist()],
        "mrr": mrr,
        "days_to_renewal": rng.integers(0, 365, customers).astype(np.int32),
        "revenue_at_risk": chance * mrr * 12,
        "reasons": [[_reason(THEMES[t]) for t in three] for three in places.tolist()],
        "themes": [[{"theme": THEMES[three[0]], "points": 5.0}] for three in places.tolist()],
        "model_version": ["7"] * customers,
        "as_of": [as_of] * customers,
        "data_until": [as_of] * customers,
        "scored_at": [datetime(2026, 11, 1, 2, tzinfo=UTC)] * customers,
    }
    given = {name: columns.get(name, [None] * customers) for name in SCHEMA.names}
    return pa.table([pa.array(v, SCHEMA.field(n).type) for n, v in given.items()], SCHEMA)


def _reason(theme: str) -> dict[str, object]:
    text = f"Something about {theme} fell by 57 % against the 4 weeks before, from 14 to 6"
    return {"code": theme, "theme": theme, "text": text, "raises_score": True, "points": 5.0}


async def _seconds(client: AsyncClient, path: str) -> float:
    started = perf_counter()
    answer = await client.get(path)
    answer.raise_for_status()
    return perf_counter() - started


async def _row(client: AsyncClient, name: str, customers: int, rounds: int) -> Goal:
    seconds = [await _seconds(client, ASKED[name]) for _ in range(1 + rounds)][1:]
    most = 1000 * quantiles(seconds, n=20)[-1]
    how = f"{customers:,} customers, 95th percentile of {len(seconds)}; median "
    how += f"{1000 * median(seconds):.0f} ms"
    return at_most(f"ms at the server: {name}", most, BOUND, how)

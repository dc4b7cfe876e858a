"""A made-up software company: its history as canonical tables, and the truth behind it."""
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from features.demo import billing, exits, health, intent, people, seats, support, tabled, treating, truth, usage, voice
from features.demo.calendar import Calendar, NEVER
from features.demo.names import customer_ids

@dataclass(frozen=True)
class Demo:
    tables: dict[str, Any]
    truth: pd.DataFrame

def simulate(customers: int = 5000, months: int = 24, seed: int = 7, ends: date = date(2026, 11, 1), progress: Callable[[str], None] | None = None) -> Demo:
    import time
    t=time.time()
    def say(x):
        nonlocal t
        if progress: progress(f"{x} after {time.time()-t:.2f}s"); 
        t=time.time()
    rng = np.random.default_rng(seed)
    cal = Calendar.ending(ends, months)
    ids = customer_ids(customers)
    ppl = people.drawn(rng, cal, customers)
    h = health.lived(rng, cal, ppl); say("health")
    s = seats.held(rng, cal, ppl, h); say("seats")
    tr = treating.treated(rng, cal, ppl, h); say("treat")
    it = intent.formed(rng, cal, ppl, h, tr.eased); say("intent")
    inv = billing.issued(rng, cal, ppl, h, s); say("invoices")
    ex = exits.ended(rng, cal, ppl, h, it, inv); say("exits")
    us = usage.staffed(rng, ppl, h, s, ex)
    eng = usage.engagement(rng, cal, h, it); say("engagement")
    who, day = usage.used(rng, cal, us, s, ppl, eng); say("active days")
    who, day, kind, q = usage.events(rng, us, who, day); say("events")
    users = np.strings.add(np.strings.add(ids[ppl.customer[us.rows]], "-"), us.rank.astype(str))
    at = (cal.start.astype("M8[us]") + (np.arange(cal.days) * np.timedelta64(86400*10**6, "us")))[day]
    late = rng.random(len(day)) < 0.03
    known = np.where(late, at + (rng.integers(24, 24*6, len(day))*np.timedelta64(3600*10**6,"us")), np.datetime64("NaT"))
    ends_at = np.datetime64(ends, "us")
    ut = pa.table({
        "customer_id": pa.DictionaryArray.from_arrays(pa.array(ppl.customer[us.rows[who]].astype(np.int32)), pa.array(ids.tolist())).cast(pa.string()),
        "at": pa.array(at), "event": pa.DictionaryArray.from_arrays(pa.array(kind), pa.array(usage.EVENTS)).cast(pa.string()),
        "user_id": pa.DictionaryArray.from_arrays(pa.array(who.astype(np.int32)), pa.array(users.tolist())).cast(pa.string()),
        "quantity": pa.array(q), "known_at": pa.array(known)})
    ut = ut.filter(pa.array(~(known >= ends_at)))
    say("usage table")
    tk = support.opened(rng, cal, ppl, h, s, ex)
    invoices, payments = tabled.invoices(rng, cal, ppl, inv, ex, ids)
    now = ends_at
    T = {
      "customers": tabled.customers(rng, cal, ppl, ids),
      "subscriptions": tabled.subscriptions(rng, cal, ppl, s, ex, ids),
      "tickets": tabled.tickets(rng, cal, ppl, tk, ids), "invoices": invoices, "payments": payments,
      "surveys": tabled.surveys(rng, cal, ppl, voice.answered(rng, cal, ppl, h, ex), ids),
      "milestones": tabled.milestones(cal, ppl, voice.reached(rng, ppl, ex), ids),
      "treatments": tabled.treatments(cal, ppl, tr, ex, ids)}
    say("columns")
    tables = {n: tabled.recorded(n, c, now) for n, c in T.items()}
    tables["usage"] = ut
    say("tables")
    tt = truth.told(cal, ppl, h, it, tr, inv, ex, ids); say("truth")
    return Demo(tables, tt)

def write(demo: Demo, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for n, t in demo.tables.items():
        pq.write_table(t, folder / f"{n}.parquet", compression="zstd", store_schema=False)
    (folder.parent/"truth").mkdir(exist_ok=True)
    demo.truth.to_parquet(folder.parent/"truth"/"truth.parquet")

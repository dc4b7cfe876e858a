"""One Scorer for everybody: by id, from rows sent, from vectors, and the whole base agree."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from features.errors import ContractError, SourceError, UnknownCustomer
from features.history import History
from features.tables import TABLES
from features.vectors import spine, vectors
from serving.bands import band_of, limits_of
from serving.bundle import bundle_at
from serving.cases import INSUFFICIENT, few, many
from serving.freshness import LastDays
from serving.ranks import ranked
from serving.schemas import Band, Prediction, Vector
from serving.scorer import FEW, Scorer
from serving.sent import Sent, SentTables
from tests.serving.company import AS_OF, CUSTOMERS, NOW
from training.model import loaded

EXACT = 1e-9


@pytest.fixture(scope="module")
def everybody(scorer: Scorer) -> dict[str, Prediction]:
    """The whole base, as the night's job scores it."""
    cases = scorer.everyone(AS_OF).cases
    return {told.customer_id: told for told in ranked(list(scorer.predictions(cases, AS_OF)))}


@pytest.fixture(scope="module")
def active(everybody: dict[str, Prediction]) -> list[str]:
    """Customers with a probability."""
    return [c for c, told in everybody.items() if told.probability is not None]


def sent(home: Path, customers: list[str]) -> Sent:
    """All rows of some customers, as a request holds them."""
    tables = {}
    for name in TABLES:
        file = home / "history" / f"{name}.parquet"
        if file.is_file():
            rows = pq.read_table(file).to_pylist()
            mine = [row for row in rows if row["customer_id"] in customers]
            tables[name] = [{k: v for k, v in row.items() if v is not None} for row in mine]
    return SentTables.model_validate_json(json.dumps(tables, default=str))


def same(one: Prediction, other: Prediction) -> None:
    """Equal but for what depends on who else was asked for, and floats to EXACT."""
    assert one.probability == pytest.approx(other.probability, abs=EXACT)
    assert one.themes == pytest.approx(other.themes, abs=EXACT)
    assert one.expected_days == pytest.approx(other.expected_days, rel=EXACT)
    for mine, theirs in zip(one.reasons, other.reasons, strict=True):
        assert (mine.code, mine.text) == (theirs.code, theirs.text)
        assert mine.points == pytest.approx(theirs.points, abs=EXACT)
    apart = {"rank", "scored_at", "data_until", "probability", "revenue_at_risk", "themes"}
    apart |= {"reasons", "protective", "context", "typical", "expected_days"}
    assert one.model_dump(exclude=apart) == other.model_dump(exclude=apart)


def test_by_id_in_the_batch_and_by_the_reloaded_model_a_score_is_the_same(
    scorer: Scorer, everybody: dict[str, Prediction], active: list[str], home: Path
) -> None:
    asked = active[:FEW]
    by_id = scorer.score(asked, AS_OF)
    for told in by_id:
        same(told, everybody[told.customer_id])
    made = vectors(scorer.model.features, scorer.history, spine(active, [AS_OF]))
    again = loaded(bundle_at(home / "bundle")).probability(made)
    batch = np.array([everybody[customer].probability for customer in active])
    np.testing.assert_allclose(again, batch, rtol=0, atol=EXACT)


def test_few_read_row_by_row_are_the_same_cases_as_many_read_by_table(scorer: Scorer) -> None:
    asked = [*CUSTOMERS[:25], "ended", "noticed", "broke", "newcomer", "unheard"]
    one = few(scorer.plan, scorer.history, asked, AS_OF, None)
    other = many(scorer.model.features, scorer.history, asked, AS_OF, None)
    assert one.people == other.people
    for name, values in one.columns.items():
        if values.dtype == object:
            assert values.tolist() == other.columns[name].tolist(), name
        else:
            np.testing.assert_allclose(values, other.columns[name], 0, EXACT, err_msg=name)


def test_rows_that_are_sent_give_the_score_of_the_same_rows_in_the_history(
    scorer: Scorer, everybody: dict[str, Prediction], active: list[str], home: Path
) -> None:
    told = scorer.score_tables(sent(home, active[:5]), AS_OF)
    assert [one.customer_id for one in told.predictions] == active[:5]
    assert told.set_aside == {}
    for one in told.predictions:
        same(one, everybody[one.customer_id])


def test_without_an_as_of_date_rows_are_scored_on_the_day_after_they_end(
    scorer: Scorer, active: list[str], home: Path
) -> None:
    [told] = scorer.score_tables(sent(home, active[:1])).predictions
    assert told.data_until is not None
    assert told.as_of == told.data_until + timedelta(days=1)


def test_rows_that_cannot_be_used_are_counted_by_table_and_reason(scorer: Scorer) -> None:
    who = {"customer_id": "new"}
    tables = {
        "customers": [{**who, "created_at": "2026-01-01T00:00:00+02:00"}],
        "subscriptions": [{**who, "subscription_id": "s", "at": "2026-01-01", "mrr": 10}],
        "usage": [
            {**who, "at": "2026-10-30", "event": "login"},
            {**who, "at": "2025-10-30", "event": "login"},
            {"customer_id": "else", "at": "2026-10-30", "event": "login"},
            {**who, "at": "2027-10-30", "event": "login"},
        ],
    }
    told = scorer.score_tables(SentTables.model_validate(tables), AS_OF)
    assert told.set_aside == {
        "usage": {"before_sign_up": 1, "unknown_customer": 1, "in_the_future": 1}
    }
    assert told.predictions[0].probability is not None


def test_a_moment_with_a_zone_is_read_in_utc(scorer: Scorer) -> None:
    tables = {
        "customers": [{"customer_id": "new", "created_at": "2026-01-01"}],
        "usage": [{"customer_id": "new", "at": "2026-11-01T01:00:00+02:00", "event": "login"}],
    }
    [told] = scorer.score_tables(SentTables.model_validate(tables), AS_OF).predictions
    assert told.data_until == date(2026, 10, 31)


def test_ready_vectors_give_the_score_that_they_were_made_for(
    scorer: Scorer, everybody: dict[str, Prediction], active: list[str]
) -> None:
    cases = scorer.cases(active[:3], AS_OF)
    sent_ = [
        Vector(
            customer_id=customer,
            values={n: None if v[i] != v[i] else v[i] for n, v in cases.columns.items()},
        )
        for i, customer in enumerate(active[:3])
    ]
    for told in scorer.score_vectors(sent_, AS_OF):
        mine = everybody[told.customer_id]
        assert told.probability == pytest.approx(mine.probability, abs=EXACT)
        assert told.revenue_at_risk == pytest.approx(mine.revenue_at_risk, abs=EXACT)
        assert [r.code for r in told.reasons] == [r.code for r in mine.reasons]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "has no events_7d"),
        ({"events_7dd": 1.0}, "no feature 'events_7dd'; did you mean events_7d?"),
        ({"mrr": "much"}, "'mrr' is a number"),
    ],
)
def test_a_vector_that_breaks_the_contract_is_refused_by_name(
    scorer: Scorer, values: dict[str, float | str | None], said: str
) -> None:
    whole = dict.fromkeys(scorer.model.features.names) if values else {}
    with pytest.raises(ContractError, match=said):
        scorer.score_vectors([Vector(customer_id="a", values={**whole, **values})], AS_OF)


def test_predictions_come_in_the_order_asked_and_twice_where_asked_twice(
    scorer: Scorer, active: list[str]
) -> None:
    asked = [active[3], active[1], active[3]]
    told = scorer.score(asked, AS_OF)
    assert [one.customer_id for one in told] == asked
    assert {one.rank for one in told} == {1, 2}


@pytest.mark.parametrize(
    "asked", [["c001", "nobody", "tomorrow"], [*CUSTOMERS, "nobody", "tomorrow"]]
)
def test_customers_who_were_none_on_the_date_are_named(scorer: Scorer, asked: list[str]) -> None:
    with pytest.raises(UnknownCustomer, match=r"No customer .*nobody, tomorrow on 2026-11-01"):
        scorer.score(asked, AS_OF)


def test_a_customer_is_one_from_the_day_after_the_sign_up(scorer: Scorer) -> None:
    assert scorer.one("tomorrow", AS_OF + timedelta(days=1)).status == "active"


@pytest.mark.parametrize(
    ("customer", "why"),
    [
        ("ended", "ended"),
        ("noticed", "notice_given"),
        ("broke", "dunning"),
        ("newcomer", "too_new"),
        ("unheard", "nothing_known"),
    ],
)
def test_where_there_is_too_little_to_say_nothing_is_said_and_why(
    scorer: Scorer, customer: str, why: str
) -> None:
    told = scorer.one(customer, AS_OF)
    assert told.insufficient == INSUFFICIENT[why]
    assert told.band is Band.INSUFFICIENT_DATA
    assert (told.probability, told.revenue_at_risk, told.rank) == (None, None, None)
    assert (told.reasons, told.protective, told.themes) == ((), (), {})


def test_a_customer_is_new_for_28_days(scorer: Scorer) -> None:
    told = scorer.one("newcomer", AS_OF + timedelta(days=1))
    assert told.insufficient == INSUFFICIENT["nothing_known"]


def test_everybody_is_scored_or_set_aside_for_one_reason(scorer: Scorer) -> None:
    everyone = scorer.everyone(AS_OF)
    scored = [p for p in everyone.cases.people if p.insufficient is None]
    assert everyone.known == len(scored) + sum(everyone.set_aside.values())
    assert {"notice_given", "dunning", "too_new", "nothing_known"} < set(everyone.set_aside)
    assert "ended" not in {person.customer_id for person in everyone.cases.people}
    assert everyone.set_aside["ended"] > 1


def test_money_rank_and_band_follow_from_the_probability(
    scorer: Scorer, everybody: dict[str, Prediction], active: list[str]
) -> None:
    ranked = sorted((everybody[c] for c in active), key=lambda told: told.rank or 0)
    assert [told.rank for told in ranked] == list(range(1, len(active) + 1))
    at_risk = [told.revenue_at_risk or 0.0 for told in ranked]
    assert at_risk == sorted(at_risk, reverse=True)
    for told in ranked:
        assert told.probability is not None
        assert told.mrr is not None
        assert told.revenue_at_risk == pytest.approx(told.probability * told.mrr * 12)
        assert told.band is band_of(told.probability, scorer.limits)
        assert told.typical is not None
        change = 100 * (told.probability - told.typical)
        assert sum(told.themes.values()) == pytest.approx(change, abs=EXACT)


def test_whoever_fades_is_among_the_highest_and_the_reason_is_use(
    everybody: dict[str, Prediction], active: list[str]
) -> None:
    top = sorted((everybody[c] for c in active), key=lambda told: -(told.probability or 0))[:5]
    assert all(told.reasons[0].theme == "usage" for told in top)
    assert all(told.reasons or told.protective for told in (everybody[c] for c in active))


def test_an_explanation_adds_up_exactly(scorer: Scorer, active: list[str]) -> None:
    told = scorer.explain(active[0], AS_OF)
    assert told.log_odds is not None
    assert told.typical_log_odds is not None
    assert len(told.shares) == len(scorer.model.features.names)
    way = told.log_odds - told.typical_log_odds
    assert sum(share.log_odds for share in told.shares) == pytest.approx(way, abs=EXACT)
    assert told.prediction.probability == pytest.approx(1 / (1 + np.exp(-told.log_odds)), abs=EXACT)
    points = sum(share.points for share in told.shares)
    assert points == pytest.approx(sum(told.prediction.themes.values()), abs=EXACT)


def test_of_who_gets_no_score_nothing_is_explained(scorer: Scorer) -> None:
    told = scorer.explain("ended", AS_OF)
    assert (told.log_odds, told.shares) == (None, ())


def test_freshness_is_the_last_day_with_a_known_row(scorer: Scorer) -> None:
    assert scorer.data_until(AS_OF) == date(2026, 10, 31)
    assert scorer.data_until(date(2026, 6, 15)) == date(2026, 6, 14)
    assert scorer.data_until(date(2020, 1, 1)) is None
    assert scorer.one("c001", date(2026, 10, 20)).data_until == date(2026, 10, 19)


def test_where_no_date_is_named_it_is_the_day_after_the_data_ends_and_never_tomorrow(
    scorer: Scorer,
) -> None:
    # One customer signs up on the as-of date itself: the data ends with that day.
    assert scorer.next_as_of() == date(2026, 11, 2)
    early = replace(scorer, clock=lambda: datetime(2026, 8, 1, 12), _days=LastDays())
    assert early.next_as_of() == date(2026, 8, 1)


def test_without_a_history_customers_cannot_be_looked_up(scorer: Scorer) -> None:
    alone = scorer.beside(History({}))
    assert alone.next_as_of() == NOW.date()
    with pytest.raises(SourceError, match="no history here"):
        alone.score(["c001"], AS_OF)
    with pytest.raises(SourceError, match="no history here"):
        alone.everyone(AS_OF)


def test_without_contracts_whoever_used_the_product_lately_is_a_customer(scorer: Scorer) -> None:
    by_use = replace(scorer, use_days=28)
    told = {p.customer_id: p for p in by_use.everyone(AS_OF).cases.people}
    assert {person.status for person in told.values()} == {"active"}
    assert by_use.one("unheard", AS_OF).insufficient == INSUFFICIENT["inactive"]
    assert by_use.everyone(AS_OF).set_aside.keys() == {"inactive"}


def test_several_threads_may_ask_at_once(
    scorer: Scorer, everybody: dict[str, Prediction], active: list[str]
) -> None:
    with ThreadPoolExecutor(4) as threads:
        told = list(threads.map(lambda customer: scorer.one(customer, AS_OF), active[:8]))
    for one in told:
        same(one, everybody[one.customer_id])


@pytest.mark.parametrize(
    ("about", "given", "limits"),
    [
        ({"base_rate": 0.5}, None, (0.5, 2 / 3, 0.8)),
        ({"base_rate": 0.04}, None, (0.04, 2 / 26, 4 / 28)),
        ({}, None, (0.05, 2 / 21, 4 / 23)),
        ({"base_rate": 1.0}, None, (0.99, 198 / 199, 396 / 397)),
        ({"base_rate": 0.04}, (0.1, 0.2, 0.3), (0.1, 0.2, 0.3)),
    ],
)
def test_bands_begin_at_once_twice_and_four_times_the_odds_of_the_base_rate(
    about: dict[str, float], given: tuple[float, ...] | None, limits: tuple[float, ...]
) -> None:
    assert limits_of(about, given) == pytest.approx(limits)


def test_a_band_begins_at_its_limit() -> None:
    limits = (0.1, 0.2, 0.4)
    bands = [band_of(p, limits) for p in (0.0, 0.0999, 0.1, 0.2, 0.3999, 0.4, 1.0, None)]
    assert bands[:-1] == ["low", "low", "medium", "high", "high", "critical", "critical"]
    assert bands[-1] == "insufficient_data"


def test_the_base_is_scored_alike_from_use_kept_summed_up_by_day(scorer: Scorer, tmp_path: Path):
    whole = scorer.everyone(AS_OF).cases
    nightly = replace(scorer, partials=tmp_path)
    nightly.everyone(AS_OF - timedelta(days=1))
    kept = nightly.everyone(AS_OF).cases
    assert kept.people == whole.people
    for name, values in whole.columns.items():
        np.testing.assert_array_equal(kept.columns[name], values, err_msg=name)

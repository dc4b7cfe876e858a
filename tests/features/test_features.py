"""Every declaration keeps its word: for its example, for nothing, and in the model."""

from datetime import date, datetime, timedelta

import pandas as pd
import pytest

from features.catalogue import CHURN, catalogue
from features.docs import features_page
from features.examples import example_of
from features.feature import Change, Feature, Risk, State, Theme
from features.featureset import FeatureSet
from features.history import History
from features.key_events import declared_events
from features.measures import count
from features.sources.files import in_memory
from features.tables import TABLES
from features.vectors import spine, vectors
from features.words import sentence

AS_OF = date(2026, 3, 1)
MIDNIGHT = datetime(2026, 3, 1)
NOBODY = "nobody"
ALL = catalogue(key_events=["login", "export {all} | as CSV"], milestones=["go live"])
WINDOWED = [f.name for f in ALL if isinstance(f, Feature) and f.days]


def examples(features: FeatureSet) -> History:
    """One history of all examples: each declaration's is a customer of its name."""
    tables: dict[str, list[object]] = {}
    for declared in features:
        example = example_of(declared, features, MIDNIGHT, declared.name)
        for table, rows in example.items():
            tables.setdefault(table, []).extend(rows)
    return in_memory({table: pd.DataFrame(rows) for table, rows in tables.items()})


@pytest.fixture(scope="module")
def made() -> pd.DataFrame:
    """The vectors of all examples, and of a customer without a row."""
    wanted = spine([*ALL.names, NOBODY], [AS_OF])
    return vectors(ALL, examples(ALL), wanted).droplevel("as_of")


@pytest.mark.parametrize("name", ALL.names)
def test_a_feature_gives_what_its_example_says(made: pd.DataFrame, name: str) -> None:
    gives = ALL[name].gives
    expected = gives if isinstance(gives, str) else pytest.approx(gives, nan_ok=True)
    assert made.loc[name, name] == expected


@pytest.mark.parametrize("name", ALL.names)
def test_a_customer_without_a_row_has_the_declared_empty_value(
    made: pd.DataFrame, name: str
) -> None:
    if_none = ALL[name].if_none
    expected = if_none if isinstance(if_none, str) else pytest.approx(if_none, nan_ok=True)
    assert made.loc[NOBODY, name] == expected


@pytest.mark.parametrize("name", [f.name for f in ALL if isinstance(f, Change)])
def test_a_change_is_missing_for_a_customer_too_young_to_have_a_before(name: str) -> None:
    change = ALL[name]
    assert isinstance(change, Change)
    of = ALL[change.of]
    reach = change.days + (of.window.last if isinstance(of, Feature) else 1)
    example = example_of(change, ALL, MIDNIGHT, "young")
    ages = {"young": reach - 1, "old": reach}
    rows = [{**row, "customer_id": c} for row in example[ALL.table_of(name)] for c in ages]
    customers = [
        {"customer_id": c, "created_at": MIDNIGHT - timedelta(days=age)} for c, age in ages.items()
    ]
    frames = {ALL.table_of(name): pd.DataFrame(rows), "customers": pd.DataFrame(customers)}
    alone = FeatureSet("alone", (of, change))
    values = vectors(alone, in_memory(frames), spine(list(ages), [AS_OF]))[name]
    assert values.isna().tolist() == [True, False]


@pytest.mark.parametrize("name", WINDOWED)
def test_an_example_shows_the_first_day_that_counts_and_the_day_before_it(name: str) -> None:
    feature = ALL[name]
    assert isinstance(feature, Feature)
    rows = example_of(feature, ALL, MIDNIGHT)[feature.table]
    days = {(MIDNIGHT - row[TABLES[feature.table].at]).days for row in rows}  # type: ignore[operator]
    assert {feature.days, feature.window.last + 1} <= days


def test_the_catalogue_names_no_event_of_any_product() -> None:
    plain = [f for f in CHURN if isinstance(f, Feature)]
    assert not [f.name for f in plain if f.table == "usage" and "event" in f.where]


@pytest.mark.parametrize("leak", ["cancel_requested_at", "ended_at", "end_reason", "treatments"])
def test_no_feature_reads_what_only_the_end_brings(leak: str) -> None:
    assert not [name for name, meaning in ALL.contract.items() if leak in meaning]


def test_every_theme_has_features() -> None:
    assert {feature.theme for feature in CHURN} == set(Theme)


def test_what_can_be_acted_on_has_a_direction_and_is_no_context() -> None:
    for feature in ALL:
        assert not (feature.actionable and (feature.context or feature.risk is Risk.EITHER))


def test_a_feature_is_added_by_one_block() -> None:
    shares = Feature(
        name="shares_28d",
        table="usage",
        days=28,
        where={"event": "share"},
        measure=count(),
        theme=Theme.USAGE,
        unit="shares",
        risk=Risk.FALLS,
        reason="{count} in the last 4 weeks",
        reason_if_none="nothing shared in the last 4 weeks",
        if_none=0,
        example="""
            days_ago | event
                   0 | share   the as-of day itself is not known yet
                   1 | share
                  28 | share   the first day that counts
                  29 | share   too old
        """,
        gives=2,
    )
    churn = CHURN.plus(shares)
    history = in_memory(
        {t: pd.DataFrame(r) for t, r in example_of(shares, churn, MIDNIGHT).items()}
    )
    vector = vectors(churn, history, spine(["acme"], [AS_OF])).iloc[0]
    assert vector["shares_28d"] == 2
    assert dict(zip(churn.names, churn.monotone, strict=True))["shares_28d"] == -1
    assert "`shares_28d` | rows of usage where event is share, last 28 days" in features_page(churn)
    assert sentence(churn["shares_28d"], vector["shares_28d"]) == "2 shares in the last 4 weeks"
    assert "rows of usage where event is share" in churn.contract["shares_28d"]


def test_a_key_event_is_counted_compared_and_missed() -> None:
    assert [f.name for f in declared_events(key_events=["Export PDF"])] == [
        "event_export_pdf_28d",
        "event_export_pdf_28d_change_28d",
        "event_export_pdf_days_since_last_84d",
    ]


@pytest.mark.parametrize("name", ["", "-", "two  spaces", " login", "two\nlines"])
def test_a_name_that_no_table_can_hold_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="single spaces"):
        declared_events(key_events=[name])


def test_two_events_that_would_be_one_feature_are_refused() -> None:
    with pytest.raises(ValueError, match="event_log_in_28d"):
        catalogue(key_events=["log in", "log-in"])


def test_a_state_and_a_feature_know_their_table() -> None:
    assert isinstance(CHURN["seats"], State)
    assert CHURN.table_of("seats") == CHURN.table_of("mrr_per_seat") == "subscriptions"
    assert CHURN.table_of("tickets_28d_change_28d") == "tickets"

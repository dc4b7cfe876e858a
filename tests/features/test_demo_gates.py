"""The made-up company is learnable but not trivial, and behaves as real customers do.

Measured on the demo as it is shipped, with the features of the catalogue and small trees, out of
time: trained on four quarterly as-of dates whose labels had closed before the first of two test
dates. The bounds are those the demo was designed to; the seed makes the figures repeatable.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import duckdb
import lightgbm as lgb
import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import log_loss, roc_auc_score

from features.catalogue import CHURN
from features.demo import Demo, simulate, write
from features.sources import opened
from features.vectors import vectors

TRAIN = [date(2025, month, 1) for month in (2, 5, 8, 11)]
TEST = [date(2026, 4, 1), date(2026, 7, 1)]
STATIC = ["segment", "country", "channel", "touch", "plan", "mrr_at_start"]
HORIZON, GAP = pd.Timedelta(days=90), pd.Timedelta(days=30)
SMALL_TREES = {
    "objective": "binary",
    "learning_rate": 0.03,
    "num_leaves": 7,
    "min_child_samples": 100,
    "subsample": 0.8,
    "subsample_freq": 1,
    "colsample_bytree": 0.5,
    "reg_lambda": 20,
    "num_threads": 1,
    "verbose": -1,
}


@dataclass(frozen=True)
class Panel:
    """Snapshots to train on and to judge on: vectors, truth and label side by side."""

    train: pd.DataFrame
    test: pd.DataFrame

    def scored(self, columns: list[str]) -> np.ndarray:
        """Test scores of small trees, averaged over three seeds."""
        rows = lgb.Dataset(self.train[columns], self.train["churned"], free_raw_data=False)
        boosters = [lgb.train(SMALL_TREES | {"seed": s}, rows, 300) for s in range(3)]
        return np.asarray(np.mean([b.predict(self.test[columns]) for b in boosters], axis=0))


@pytest.fixture(scope="module")
def demo() -> Demo:
    return simulate()


@pytest.fixture(scope="module")
def ask(demo):
    """Questions in SQL to the tables and the truth; `at` is reserved there, so it is `moment`."""
    backend = duckdb.connect()
    for name, table in demo.tables.items():
        names = ["moment" if column == "at" else column for column in table.column_names]
        backend.register(name, table.rename_columns(names))
    backend.register("truth", demo.truth)
    return lambda question: backend.execute(question).df()


@pytest.fixture(scope="module")
def panel(demo, tmp_path_factory) -> Panel:
    folder = tmp_path_factory.mktemp("demo") / "history"
    write(demo, folder)
    rows = labelled(demo)
    rows = rows[rows["as_of"].isin([*TRAIN, *TEST])].reset_index(drop=True)
    known = vectors(CHURN, opened(str(folder)), rows[["customer_id", "as_of"]]).reset_index(
        drop=True
    )
    known = pd.concat([known[list(CHURN.names)], rows], axis=1)
    for name in CHURN.categorical:
        known[name] = known[name].astype("category")
    late = known["as_of"].isin(TEST)
    return Panel(known[~late], known[late])


@pytest.fixture(scope="module")
def history_scores(panel: Panel) -> np.ndarray:
    return panel.scored(list(CHURN.names))


def labelled(demo: Demo) -> pd.DataFrame:
    """The truth with its label, by the product's rule: gone within 90 days, not back within 30."""
    states = demo.tables["subscriptions"].to_pandas()
    began = states.groupby(["customer_id", "subscription_id"], as_index=False).agg(
        began=("at", "min"), mrr_at_start=("mrr", "first")
    )
    again = began.groupby("customer_id")["began"].max()
    back = again.reindex(demo.truth["customer_id"]).to_numpy() - demo.truth["churned_at"]
    gone = (demo.truth["churned_at"] - demo.truth["month"] < HORIZON) & ~back.between(
        timedelta(seconds=1), GAP
    )
    start = began.groupby("customer_id")["mrr_at_start"].first()
    return demo.truth.assign(
        churned=gone.astype(int),
        mrr_at_start=start.reindex(demo.truth["customer_id"]).to_numpy(),
        as_of=demo.truth["month"].dt.date,
    )


def auc_of(panel: Panel, scores: np.ndarray, reason: str) -> float:
    """How well scores tell those who left for one reason from those who stayed."""
    mine = (panel.test["churned"] == 0) | (panel.test["end_reason"] == reason)
    return float(roc_auc_score(panel.test["churned"][mine], scores[mine.to_numpy()]))


def test_the_base_rate_is_4_to_8_per_cent_in_90_days(panel):
    assert 0.04 < panel.train["churned"].mean() < 0.08
    assert 0.04 < panel.test["churned"].mean() < 0.08


def test_what_customers_are_tells_something_but_not_much(panel):
    assert 0.60 <= roc_auc_score(panel.test["churned"], panel.scored(STATIC)) <= 0.68


def test_their_history_tells_more_and_nearly_all_that_can_be_known(panel, history_scores):
    learnt = roc_auc_score(panel.test["churned"], history_scores)
    knowable = roc_auc_score(panel.test["churned"], panel.test["hazard_90d"])
    assert 0.72 <= learnt <= 0.80
    assert knowable - learnt <= 0.045  # .04, and the noise of 360 churned customers


def test_no_single_column_tells_it_all(panel):
    rows = pd.concat([panel.train, panel.test])
    rates = {c: panel.train.groupby(c, observed=False)["churned"].mean() for c in CHURN.categorical}
    aucs = {}
    for name in CHURN.names:
        column = rows[name].map(rates[name]) if name in rates else rows[name]
        values = column.astype(float)
        aucs[name] = roc_auc_score(rows["churned"], values.fillna(values.median()))
    assert {name: auc for name, auc in aucs.items() if max(auc, 1 - auc) > 0.72} == {}


def test_what_nobody_could_see_is_not_seen(panel, history_scores):
    assert 0.4 <= auc_of(panel, history_scores, "other") <= 0.6


def test_who_leaves_of_their_own_will_is_seen_better_than_who_fails_to_pay(panel, history_scores):
    voluntary = auc_of(panel, history_scores, "voluntary")
    assert voluntary > auc_of(panel, history_scores, "involuntary") > 0.6


def test_log_loss_is_5_to_20_per_cent_under_that_of_the_base_rate(panel, history_scores):
    base = log_loss(panel.test["churned"], np.full(len(panel.test), panel.train["churned"].mean()))
    assert 0.05 <= 1 - log_loss(panel.test["churned"], history_scores) / base <= 0.20


def test_the_oracle_is_calibrated_overall_and_at_every_level_of_risk(demo):
    rows = labelled(demo)
    assert rows["hazard_90d"].sum() == pytest.approx(rows["churned"].sum(), rel=0.06)
    fifths = rows.groupby(pd.qcut(rows["hazard_90d"], 5, duplicates="drop"))[
        ["hazard_90d", "churned"]
    ].mean()
    assert fifths["hazard_90d"].to_numpy() == pytest.approx(fifths["churned"].to_numpy(), rel=0.25)


def test_use_fades_before_a_voluntary_end_and_does_not_stop_weeks_before(ask):
    weeks = ask("""
        with left_ as (
            select customer_id, subscription_id, max(ended_at) as ended from subscriptions
            where end_reason = 'voluntary' group by all having ended > timestamp '2025-08-01'),
        used as (
            select date_diff('day', moment, ended) - 1 as ago, quantity
            from left_ join usage using (customer_id)
            where moment < ended and moment >= ended - interval 182 day)
        select ago // 7 as week, sum(quantity) as use from used group by week order by week
    """)["use"]
    usual = weeks[8:].mean()
    level = (weeks[:8] / usual)[::-1].to_numpy()  # eight weeks before the end to the last
    designed = [0.93, 0.95, 0.90, 0.86, 0.69, 0.60, 0.52, 0.34]
    assert level[:4].min() > 0.65
    assert 0.10 < level[-1] < 0.45
    assert level == pytest.approx(designed, abs=0.25)


def test_silence_before_leaving_lasts_days_for_some_and_weeks_for_others(ask):
    silence = ask("""
        select date_diff('day', max(u.moment), any_value(ended)) as days from (
            select customer_id, subscription_id, max(ended_at) as ended from subscriptions
            where end_reason = 'voluntary' group by all) s
        join usage u on u.customer_id = s.customer_id and u.moment < ended group by s.customer_id
    """)["days"]
    assert 0.15 < (silence <= 5).mean() < 0.40
    assert silence.quantile([0.25, 0.5, 0.75]).to_numpy() == pytest.approx([5, 14, 35], rel=0.4)


def test_who_leaves_for_causes_nobody_sees_works_on_until_the_end(ask):
    active = ask("""
        select avg((exists (select 1 from usage u where u.customer_id = s.customer_id
            and u.moment between ended_at - interval 8 day and ended_at))::int) as share
        from subscriptions s where end_reason = 'other'
    """)["share"]
    assert active[0] > 0.85


def test_about_half_of_those_who_left_never_complained_and_a_complaint_raises_churn(demo, ask):
    never = ask("""
        select avg((not coalesce(complained, false))::int) as share from (
            select customer_id from subscriptions where end_reason = 'voluntary') s
        left join (select customer_id, bool_or(complaint) as complained from tickets
                   group by customer_id) t using (customer_id)
    """)["share"][0]
    assert 0.4 < never < 0.65
    complaints = demo.tables["tickets"].to_pandas().query("complaint")[["customer_id", "opened_at"]]
    rows = labelled(demo).reset_index()
    met = rows.merge(complaints, on="customer_id")
    recent = met["opened_at"].between(met["month"] - HORIZON, met["month"])
    rates = rows.groupby(rows["index"].isin(met["index"][recent]))["churned"].mean()
    assert rates[True] > 1.4 * rates[False]


def test_ends_are_voluntary_involuntary_and_unforeseeable(ask):
    reasons = ask("select end_reason from subscriptions where ended_at is not null")["end_reason"]
    shares = reasons.value_counts(normalize=True)
    assert 0.2 <= shares["involuntary"] <= 0.4
    assert 0.05 <= shares["other"] <= 0.15
    assert shares["voluntary"] >= 0.5


def test_5_to_10_per_cent_of_card_charges_fail_and_half_of_the_invoices_recover(ask):
    charges = ask("""
        select avg((status = 'failed')::int) as failing from payments join invoices
        using (invoice_id) where due_at = issued_at and status <> 'refunded'
    """)
    assert 0.05 <= charges["failing"][0] <= 0.10
    recovered = ask("""
        select avg((paid_at is not null)::int) as share from invoices
        where invoice_id in (select invoice_id from payments where status = 'failed')
    """)["share"][0]
    assert 0.4 <= recovered <= 0.6


def test_the_top_tenth_of_customers_brings_half_to_two_thirds_of_the_revenue(ask):
    mrr = ask("""
        select arg_max(mrr, moment) as mrr from subscriptions group by subscription_id
        having max(ended_at) is null
    """)["mrr"].sort_values()
    assert 0.5 <= mrr[-len(mrr) // 10 :].sum() / mrr.sum() <= 0.68


def test_short_terms_and_young_customers_leave_more(demo, ask):
    rows = labelled(demo).merge(
        ask("""
            select customer_id, any_value(term_months) as term, min(moment) as began
            from subscriptions group by customer_id
        """)
    )
    by_term = rows.groupby("term")["churned"].mean()
    assert by_term[1] > 2.5 * by_term[12] > 2.5 * by_term[24]
    years = (rows["month"] - rows["began"]).dt.days / 365
    by_age = rows.groupby(pd.cut(years, [0, 0.25, 1, 2, 9]))["churned"].mean().to_numpy()
    assert by_age[0] > by_age[1] > by_age[2] > by_age[3] * 0.9


def test_use_has_weekends_and_seasons(ask):
    daily = ask("""
        select moment, sum(quantity) / count(distinct customer_id) as use,
               count(distinct customer_id) as customers from usage
        where moment >= timestamp '2025-01-01' group by moment
    """).set_index("moment")
    weekend = daily.index.day_of_week >= 5
    assert daily["customers"][weekend].mean() < 0.4 * daily["customers"][~weekend].mean()
    months = daily["customers"][~weekend].groupby(lambda moment: moment.month).mean()
    assert months[[11, 12]].mean() > 1.15 * months[[1, 2]].mean()


def test_most_do_not_answer_surveys_and_the_happy_answer_more(demo, ask):
    answered = ask("select customer_id, moment from surveys where kind = 'NPS'")
    rows = labelled(demo).merge(answered, on="customer_id", how="left")
    rows["soon"] = rows["moment"].between(rows["month"], rows["month"] + HORIZON)
    rows = rows.groupby(["customer_id", "month"], as_index=False)[["soon", "health"]].max()
    assert 0.1 < rows["soon"].mean() < 0.5
    assert rows.loc[rows["soon"], "health"].mean() > rows.loc[~rows["soon"], "health"].mean() + 0.1


def test_chosen_treatments_follow_risk_and_the_random_arm_does_not(demo, ask):
    treated = ask("select customer_id, arm, date_trunc('month', moment) as month from treatments")
    health = treated.merge(demo.truth, on=["customer_id", "month"]).groupby("arm")["health"].mean()
    assert abs(health["random"] - health["control"]) < 0.15
    assert health["chosen"] < health["random"] - 0.5
    assert set(demo.truth["hazard_ratio"]) == {0.7, 1.0}


def test_usage_is_of_the_size_the_demo_promises(demo):
    assert 4_000_000 < len(demo.tables["usage"]) < 8_000_000

"""Open University learners (REAL, Kuzilek et al. 2017): does a learner withdraw within 30 days?

A learner on a course is the customer, registration the subscription, the course its term. Clicks
are usage; an assessment is something owed by a date, so it maps onto an invoice: issued with the
course, due on its date, paid by being handed in; a hand-in is an attempt to pay, which fails below
the pass mark of 40. No personal attribute is mapped.
"""

from datetime import date, timedelta
from pathlib import Path

import pandas as pd

from experiments.real_data.case import Case
from features.sources.files import in_memory
from training.labels import ChurnLabel
from training.snapshots import Split

STARTS = {"2013B": date(2013, 2, 1), "2013J": date(2013, 10, 1)}
COURSE = "BBB"
TRAIN_DAYS, TEST_DAYS = range(14, 113, 14), range(14, 99, 14)
PASS_MARK = 40
PUBLISHED = {
    "naive LightGBM": "AUC .654, log-loss .1221",
    "days since the last click": "AUC .664",
    "small averaged trees": "AUC .677-.684, log-loss .1180-.1201",
    "logistic": "AUC .678, log-loss .1191",
    "base rate": "log-loss .1200-.1212",
}


def case(data: Path) -> Case:
    """Train on the course of February 2013, test on the one of October 2013."""
    folder = data / "oulad_usage"
    tables = {
        "customers": _customers(_of_course(pd.read_csv(folder / "registration.csv"))),
        "subscriptions": _subscriptions(folder),
        "usage": _usage(folder),
        "invoices": _invoices(folder),
        "payments": _payments(folder),
    }
    return Case(
        history=in_memory(tables),
        label=ChurnLabel(horizon_days=30, gap_days=0, arrival_lag_days=0),
        windows=Split(_dates("2013B", TRAIN_DAYS), _dates("2013J", TEST_DAYS)),
        now=date(2014, 6, 30),
        key_events=("homepage", "forumng", "oucontent", "quiz"),
        capacity=50,
        published=PUBLISHED,
    )


def _dates(presentation: str, days: range) -> tuple[date, ...]:
    """The midnights that end these days of the course, which begins with day 0."""
    return tuple(STARTS[presentation] + timedelta(days=day + 1) for day in days)


def _of_course(rows: pd.DataFrame) -> pd.DataFrame:
    """The course's rows with the learner's id on it and the moment it began."""
    ours = rows[(rows["code_module"] == COURSE) & rows["code_presentation"].isin(STARTS)]
    began = pd.to_datetime(ours["code_presentation"].map(STARTS))
    ids = ours["code_presentation"] + "-" + ours["id_student"].astype(str)
    return ours.assign(customer_id=ids, began=began)


def _day(rows: pd.DataFrame, column: str) -> pd.Series:
    return rows["began"] + pd.to_timedelta(rows[column], unit="D")


def _later(moment: pd.Series, other: pd.Series) -> pd.Series:
    """The later of two moments; the other where the first is missing."""
    return moment.where(moment > other, other)


def _customers(registered: pd.DataFrame) -> pd.DataFrame:
    signed_up = _day(registered, "date_registration").fillna(registered["began"])
    return pd.DataFrame({"customer_id": registered["customer_id"], "created_at": signed_up})


def _subscriptions(folder: Path) -> pd.DataFrame:
    """From the later of registration and the course's first day, until withdrawal or its end."""
    registered = _of_course(pd.read_csv(folder / "registration.csv"))
    courses = pd.read_csv(folder / "courses.csv")
    rows = registered.merge(courses, on=["code_module", "code_presentation"])
    start = _later(_day(rows, "date_registration"), rows["began"])
    ends, left = _day(rows, "module_presentation_length"), _day(rows, "date_unregistration")
    table = pd.DataFrame(
        {
            "customer_id": rows["customer_id"],
            "subscription_id": rows["customer_id"],
            "at": start,
            "ended_at": left.fillna(ends),
            "end_reason": left.notna().map({True: "voluntary", False: "other"}),
        }
    )
    # Who withdrew before the first day never began.
    return table[~(left <= start)]


def _usage(folder: Path) -> pd.DataFrame:
    clicks = _of_course(pd.read_parquet(folder / "usage_daily.parquet"))
    return pd.DataFrame(
        {
            "customer_id": clicks["customer_id"],
            "at": _day(clicks, "date"),
            "event": clicks["activity_type"],
            "quantity": clicks["sum_click"].astype(float),
        }
    )


def _invoices(folder: Path) -> pd.DataFrame:
    """Every learner owes every assessment of the course; exams have no date and are left out."""
    assessments = pd.read_csv(folder / "assessments.csv").dropna(subset=["date"])
    registered = _of_course(pd.read_csv(folder / "registration.csv"))
    owed = registered.merge(assessments, on=["code_module", "code_presentation"])
    handed_in = pd.read_csv(folder / "student_assessment.csv")
    rows = owed.merge(handed_in, on=["id_assessment", "id_student"], how="left")
    issued = _later(_day(rows, "date_registration"), rows["began"])
    # What an earlier attempt had banked is paid from the first day.
    paid = _day(rows, "date_submitted")
    return pd.DataFrame(
        {
            "customer_id": rows["customer_id"],
            "invoice_id": rows["customer_id"] + "-" + rows["id_assessment"].astype(str),
            "issued_at": issued,
            "due_at": _day(rows, "date"),
            "amount": rows["weight"],
            "paid_at": paid.where(~(paid < issued), issued),
        }
    )


def _payments(folder: Path) -> pd.DataFrame:
    """Every hand-in, marked on the day it came in."""
    assessments = pd.read_csv(folder / "assessments.csv")
    handed_in = pd.read_csv(folder / "student_assessment.csv").merge(
        assessments, on="id_assessment"
    )
    rows = _of_course(handed_in)
    return pd.DataFrame(
        {
            "customer_id": rows["customer_id"],
            "invoice_id": rows["customer_id"] + "-" + rows["id_assessment"].astype(str),
            "at": _day(rows, "date_submitted"),
            "status": (rows["score"] >= PASS_MARK).map({True: "succeeded", False: "failed"}),
            "amount": rows["score"],
        }
    )

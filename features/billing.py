"""Whether they pay, and when. A failing card ends a subscription that nobody wanted to end."""

from functools import partial

from features.conditions import Where, above, missing
from features.feature import Declaration, Feature, Risk, Theme
from features.measures import days_since_last, greatest, mean, share

OVERDUE: Where = {"days_overdue": above(0), "paid_at": missing(), "voided_at": missing()}
billed = partial(Feature, theme=Theme.BILLING, risk=Risk.RISES, actionable=True)
UNPAID = """
    days_ago | due_days_ago | paid_days_ago | voided_days_ago
          30 |            5 |             - |               -
         364 |           12 |             0 |               -   paid today: not known yet
          40 |            6 |             1 |               -   paid yesterday
          50 |            9 |             - |               8   withdrawn
          20 |            0 |             - |               -   due today: not overdue
          60 |            - |             - |               -   never due
         365 |           99 |             - |               -   too old
"""


def failed_payments(days: int) -> Feature:
    """Attempts to pay that failed, over one window."""
    return billed(
        name=f"failed_payments_{days}d",
        table="payments",
        days=days,
        where={"status": "failed"},
        unit="failed payments",
        reason="{count} {window}",
        reason_if_none="no failed payment {window}",
        if_none=0,
        example=f"""
            days_ago | status
                   0 | failed      the as-of day itself is not known yet
                   1 | failed
                   2 | succeeded   went well
              {days} | failed      the first day that counts
          {days + 1} | failed      too old
        """,
        gives=2,
    )


BILLING: tuple[Declaration, ...] = (
    *(failed_payments(days) for days in (28, 84)),
    billed(
        name="failed_payment_share_84d",
        table="payments",
        days=84,
        measure=share({"status": "failed"}),
        unit="of payments",
        reason="{percent} of payments failed {window}",
        reason_if_none="no payment attempted {window}",
        example="""
            days_ago | status
                   0 | failed      the as-of day itself is not known yet
                   1 | failed
                  30 | succeeded
                  60 | refunded    an attempt too
                  84 | succeeded   the first day that counts
                  85 | failed      too old
        """,
        gives=0.25,
    ),
    billed(
        name="days_since_last_failed_payment",
        table="payments",
        where={"status": "failed"},
        measure=days_since_last(),
        risk=Risk.FALLS,
        unit="days",
        reason="last payment failure {count} ago",
        reason_if_none="no payment has ever failed",
        example="""
            days_ago | status
                   0 | failed      the as-of day itself is not known yet
                   3 | succeeded   went well
                   9 | failed
                  90 | failed
        """,
        gives=9,
    ),
    billed(
        name="refunds_168d",
        table="payments",
        days=168,
        where={"status": "refunded"},
        unit="refunds",
        reason="{count} {window}",
        reason_if_none="no refund {window}",
        if_none=0,
        example="""
            days_ago | status
                   0 | refunded    the as-of day itself is not known yet
                   1 | refunded
                   2 | failed      not a refund
                 168 | refunded    the first day that counts
                 169 | refunded    too old
        """,
        gives=2,
    ),
    billed(
        name="overdue_invoices_364d",
        table="invoices",
        days=364,
        where=OVERDUE,
        unit="overdue invoices",
        reason="{count} now",
        reason_if_none="no overdue invoice",
        if_none=0,
        example=UNPAID,
        gives=2,
    ),
    billed(
        name="days_overdue_364d",
        table="invoices",
        days=364,
        where=OVERDUE,
        measure=greatest("days_overdue"),
        unit="days",
        reason="an invoice is {count} overdue",
        reason_if_none="no overdue invoice",
        if_none=0,
        example=UNPAID,
        gives=12,
    ),
    billed(
        name="late_invoices_168d",
        table="invoices",
        days=168,
        where={"days_late": above(0)},
        unit="invoices",
        reason="{count} paid late {window}",
        reason_if_none="no invoice paid late {window}",
        if_none=0,
        example="""
            days_ago | due_days_ago | paid_days_ago
                  60 |           30 |            20
                 168 |          140 |             1   paid yesterday; the first day that counts
                  40 |           10 |             0   paid today: not known yet
                  50 |           20 |            20   paid on the day
                  55 |           25 |            30   paid early
                 169 |          140 |             1   too old
        """,
        gives=2,
    ),
    billed(
        name="days_late_168d",
        table="invoices",
        days=168,
        where={"days_late": above(0)},
        measure=mean("days_late"),
        unit="days",
        reason="late invoices were paid {count} late, on average, {window}",
        reason_if_none="no invoice paid late {window}",
        if_none=0,
        example="""
            days_ago | due_days_ago | paid_days_ago
                  60 |           30 |            20
                  50 |           20 |            25   paid early: not among them
                 168 |          140 |           136   the first day that counts
                  40 |           30 |             0   paid today: not known yet
                 169 |          140 |             1   too old
        """,
        gives=7,
    ),
)

"""What customers do in the product. Silence is the earliest warning."""

from functools import partial

from features.feature import Change, Declaration, Feature, Ratio, Risk, Theme, Trend
from features.measures import days_since_last, distinct, total

used = partial(
    Feature, table="usage", theme=Theme.USAGE, risk=Risk.FALLS, actionable=True, if_none=0
)


def actions(days: int) -> Feature:
    """How much was done, over one window."""
    return used(
        name=f"events_{days}d",
        days=days,
        measure=total("quantity"),
        unit="actions",
        reason="{count} in the product {window}",
        reason_if_none="nothing done in the product {window}",
        example=f"""
            days_ago | event  | quantity
                   0 | login  | 5         the as-of day itself is not known yet
                   1 | login  | 2
              {days} | export | 3         the first day that counts
          {days + 1} | login  | 7         too old
        """,
        gives=5,
    )


def active_days(days: int) -> Feature:
    """On how many days anything was done, over one window."""
    return used(
        name=f"active_days_{days}d",
        days=days,
        measure=distinct("days_ago"),
        unit="active days",
        reason="{count} {window}",
        reason_if_none="not one active day {window}",
        example=f"""
            days_ago | event
                   0 | login    the as-of day itself is not known yet
                   1 | login
                 1.5 | export   the day before yesterday, from noon on
                 1.9 | login    that same day again
              {days} | login    the first day that counts
          {days + 1} | login    too old
        """,
        gives=3,
    )


def active_users(days: int) -> Feature:
    """How many people did anything, over one window."""
    return used(
        name=f"active_users_{days}d",
        days=days,
        measure=distinct("user_id"),
        unit="active people",
        one="active person",
        reason="{count} {window}",
        reason_if_none="nobody active {window}",
        example=f"""
            days_ago | event  | user_id
                   0 | login  | cy        the as-of day itself is not known yet
                   1 | login  | ann
                   2 | export | ann       the same person
                   3 | import | -         nobody knows who
              {days} | login  | bob       the first day that counts
          {days + 1} | login  | dan       too old
        """,
        gives=2,
    )


def kinds(days: int) -> Feature:
    """How many different things were done, over one window."""
    return used(
        name=f"distinct_events_{days}d",
        days=days,
        measure=distinct("event"),
        unit="kinds of action",
        one="kind of action",
        reason="{count} used {window}",
        reason_if_none="no part of the product used {window}",
        example=f"""
            days_ago | event
                   0 | share    the as-of day itself is not known yet
                   1 | login
                   2 | login    the same kind
              {days} | export   the first day that counts
          {days + 1} | invite   too old
        """,
        gives=2,
    )


def against_before(of: Feature, example: str, gives: float) -> Change:
    """A measure of use against the window before it."""
    days = of.window.last
    return Change(
        of=of.name,
        days=days,
        theme=Theme.USAGE,
        risk=Risk.FALLS,
        actionable=True,
        unit=of.unit,
        one=of.one,
        what=of.unit,
        reason_if_none="too little use to compare with the time before",
        example=example,
        gives=gives,
    )


def of_days(days: int) -> str:
    """3 rows before and 1 now, of one kind by one person a day."""
    return f"""
            days_ago | event   | user_id
                   0 | login   | ann       the as-of day itself is not known yet
              {days} | login   | ann       the first day of now
          {days + 1} | login   | ann       the last day of before
          {days + 2} | export  | bob
          {2 * days} | import  | cy        the first day of before
      {2 * days + 1} | login   | dan       too old
    """


USAGE: tuple[Declaration, ...] = (
    *(actions(days) for days in (7, 28, 84)),
    *(active_days(days) for days in (28, 84)),
    *(active_users(days) for days in (28, 84)),
    kinds(28),
    used(
        name="days_since_last_use",
        measure=days_since_last(),
        risk=Risk.RISES,
        unit="days",
        reason="last used {count} ago",
        reason_if_none="the product has never been used",
        if_none=float("nan"),
        example="""
            days_ago | event
                   0 | login   the as-of day itself is not known yet
                  12 | edit
                 100 | edit
        """,
        gives=12,
    ),
    *(against_before(actions(days), of_days(days), gives=-0.5) for days in (7, 28, 84)),
    *(against_before(make(28), of_days(28), -0.5) for make in (active_days, active_users, kinds)),
    Trend(
        name="events_trend_84d",
        table="usage",
        days=84,
        theme=Theme.USAGE,
        risk=Risk.FALLS,
        actionable=True,
        unit="a week",
        what="use",
        reason_if_none="no use {window} to see a trend in",
        example="""
            days_ago | event
                   0 | login   the as-of day itself is not known yet
                   7 | login   the latest week
                  78 | login   the earliest week, 11 weeks before
                  84 | login   the first day that counts
                  85 | login   too old
        """,
        gives=-2 / 13,  # slope -5.5/143 on a mean of 3/12 rows a week
    ),
    Ratio(
        name="last_week_share_28d",
        of="events_7d",
        to="events_28d",
        theme=Theme.USAGE,
        risk=Risk.FALLS,
        actionable=True,
        unit="of the actions",
        reason="{percent} of the actions of the last 4 weeks were in the last week",
        reason_if_none="no use in the last 4 weeks to share out",
        example="""
            days_ago | event
                   0 | login   the as-of day itself is not known yet
                   7 | login   the last week
                   8 | login   an earlier one
                  27 | login
                  28 | login   the first day that counts
                  29 | login   too old
        """,
        gives=0.25,
    ),
)

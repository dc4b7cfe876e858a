"""What was agreed: how much, how long, until when. Notice given is no feature: it is the end."""

from functools import partial

from features.conditions import at_least
from features.feature import Change, Declaration, Feature, Ratio, Risk, State, Theme
from features.measures import days_since_first

agreed = partial(State, theme=Theme.CONTRACT)
NOTHING_BEFORE = {
    "mrr": "no recurring revenue to compare with the time before",
    "seats": "no seats to compare with the time before",
}
SUBSCRIBED = """
    subscription_id | days_ago | plan  | seats | mrr | term_months | ended_days_ago
               main |        0 | team  |    50 | 900 |          24 | -   not known yet
               main |      100 | team  |    12 | 120 |          12 | -
               main |      400 | basic |    10 | 100 |           1 | -   an earlier state
             second |       50 | basic |     3 |  30 |           1 | 0   ended today: not known yet
              third |       90 | gold  |     7 | 700 |          36 | 1   ended yesterday
"""


def states_of(days: int) -> str:
    """Grown on the as-of day, shrunk on the last day of the window, grown before it."""
    return f"""
        subscription_id | days_ago | seats | mrr
                   main |        0 |    50 | 900   from today on: not known yet
                   main |        1 |     5 |  50
                   main |   {days} |    20 | 200   from that day on: not yet before
             main | {days + 1} |    15 | 150   the state before
                   main |      500 |    30 | 300   an earlier state
    """


def against_before(of: str, what: str, unit: str, days: int) -> Change:
    """What is agreed now against what was."""
    return Change(
        of=of,
        days=days,
        counted=False,
        theme=Theme.CONTRACT,
        risk=Risk.FALLS,
        unit=unit,
        what=what,
        reason_if_none=NOTHING_BEFORE[of],
        example=states_of(days),
        gives=-0.5,
    )


CONTRACT: tuple[Declaration, ...] = (
    agreed(
        name="seats",
        column="seats",
        unit="seats",
        reason="{count} paid for",
        reason_if_none="no seats paid for",
        if_none=0,
        example=SUBSCRIBED,
        gives=15,
    ),
    agreed(
        name="mrr",
        column="mrr",
        unit="in money",
        reason="recurring revenue of {value} a month",
        reason_if_none="no recurring revenue",
        if_none=0,
        example=SUBSCRIBED,
        gives=150,
    ),
    agreed(
        name="subscriptions",
        column="subscription_id",
        combine="count",
        unit="subscriptions",
        reason="{count} running",
        reason_if_none="no subscription running",
        if_none=0,
        example=SUBSCRIBED,
        gives=2,
    ),
    agreed(
        name="plan",
        column="plan",
        combine="main",
        categorical=True,
        context=True,
        unit="",
        reason="on the {value} plan",
        reason_if_none="no plan known",
        if_none="none",
        example=SUBSCRIBED,
        gives="team",
    ),
    agreed(
        name="term_months",
        column="term_months",
        combine="max",
        risk=Risk.FALLS,
        context=True,
        unit="months",
        reason="contract term of {count}",
        reason_if_none="no term agreed",
        example=SUBSCRIBED,
        gives=12,
    ),
    agreed(
        name="days_to_renewal",
        column="days_to_term_end",
        combine="min",
        where={"days_to_term_end": at_least(0)},
        context=True,
        unit="days",
        reason="{count} to the next renewal",
        reason_if_none="no renewal date known",
        example="""
            subscription_id | days_ago | term_ends_days_ago | ended_days_ago
                       main |        0 |               -600 | -   renewed today: not known yet
                       main |      100 |                -40 | -   ends in 40 days
                     second |      400 |                 35 | -   ended without a word of renewal
                      third |       90 |                -20 | 1   ended yesterday
        """,
        gives=40,
    ),
    agreed(
        name="auto_renew_off",
        column="subscription_id",
        combine="count",
        where={"auto_renew": False},
        risk=Risk.RISES,
        unit="subscriptions",
        reason="{count} not renewing by itself",
        reason_if_none="every subscription renews by itself",
        if_none=0,
        example="""
            subscription_id | days_ago | auto_renew | ended_days_ago
                       main |        0 | yes        | -   on again from today: not known yet
                       main |        1 | no         | -
                       main |      100 | yes        | -   an earlier state
                     second |      400 | -          | -   nobody knows
                      third |       90 | no         | 1   ended yesterday
        """,
        gives=1,
    ),
    Feature(
        name="tenure",
        table="subscriptions",
        measure=days_since_first(),
        theme=Theme.CONTRACT,
        context=True,
        unit="days",
        reason="subscribed {count} ago",
        reason_if_none="has never subscribed",
        example=SUBSCRIBED,
        gives=400,
    ),
    against_before("mrr", "recurring revenue", "in money", 84),
    against_before("seats", "seats", "seats", 84),
    Ratio(
        name="mrr_per_seat",
        of="mrr",
        to="seats",
        theme=Theme.CONTRACT,
        unit="in money",
        reason="pays {value} a month for each seat",
        reason_if_none="no seats to share the revenue out over",
        example=SUBSCRIBED,
        gives=10,
    ),
    Ratio(
        name="active_users_per_seat_28d",
        of="active_users_28d",
        to="seats",
        theme=Theme.USAGE,
        risk=Risk.FALLS,
        actionable=True,
        unit="of seats",
        reason="{percent} of seats used in the last 4 weeks",
        reason_if_none="no seats to share the use out over",
        example={
            "usage": """
                days_ago | event | user_id
                       0 | login | cy        the as-of day itself is not known yet
                       1 | login | ann
                      28 | login | bob       the first day that counts
                      29 | login | dan       too old
            """,
            "subscriptions": """
                days_ago | seats
                       0 | 9       from today on: not known yet
                     100 | 8
            """,
        },
        gives=0.25,
    ),
)

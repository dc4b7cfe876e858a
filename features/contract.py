"""What was agreed: how long, how much, until when."""

from functools import partial

from features.feature import Declaration, State, Theme

agreed = partial(State, theme=Theme.CONTRACT)

CONTRACT: tuple[Declaration, ...] = (
    agreed(
        name="seats",
        column="seats",
        unit="seats",
        reason="{count} paid for",
        reason_if_none="no seats paid for",
        if_none=0,
        example="""
            subscription_id | days_ago | seats | ended_days_ago
                       main |        0 |    50 | -                from today on: not known yet
                       main |      100 |    12 | -
                       main |      400 |    10 | -                an earlier state
                     second |       50 |     3 | 0                ended today: not known yet
                      third |       90 |     7 | 1                ended yesterday
        """,
        gives=15,
    ),
)

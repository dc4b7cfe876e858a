"""What customers do in the product. Silence is the earliest warning."""

from features.feature import Declaration, Feature, Risk, Theme
from features.measures import total

USAGE: tuple[Declaration, ...] = (
    Feature(
        name="events_28d",
        table="usage",
        days=28,
        measure=total("quantity"),
        theme=Theme.USAGE,
        unit="actions",
        risk=Risk.FALLS,
        actionable=True,
        reason="{count} in the product in the last 4 weeks",
        reason_if_none="nothing done in the product in the last 4 weeks",
        if_none=0,
        example="""
            days_ago | event  | quantity
                   0 | login  | 5         the as-of day itself is not known yet
                   1 | login  | 2
                  28 | export | 3         the first day that counts
                  29 | login  | 7         too old
        """,
        gives=5,
    ),
)

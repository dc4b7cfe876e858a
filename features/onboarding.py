"""How far they came at the start: who never saw the value has little to stay for."""

from functools import partial

from features.feature import Declaration, Difference, Feature, Risk, Theme
from features.measures import days_since_last, distinct

reached = partial(Feature, table="milestones", theme=Theme.ONBOARDING)
STEPS = """
    days_ago | milestone
           0 | launch        the as-of day itself is not known yet
          30 | first_value
          60 | import
         900 | invite
         901 | import        reached before
"""

ONBOARDING: tuple[Declaration, ...] = (
    reached(
        name="first_value_reached",
        where={"milestone": "first_value"},
        measure=distinct("milestone"),
        risk=Risk.FALLS,
        actionable=True,
        unit="",
        reason="first value reached",
        reason_if_none="first value not reached yet",
        if_none=0,
        example=STEPS,
        gives=1,
    ),
    reached(
        name="days_since_first_value",
        where={"milestone": "first_value"},
        measure=days_since_last(),
        context=True,
        unit="days",
        reason="first value reached {count} ago",
        reason_if_none="first value not reached yet",
        example=STEPS,
        gives=30,
    ),
    Difference(
        name="days_to_first_value",
        of="days_since_sign_up",
        less="days_since_first_value",
        theme=Theme.ONBOARDING,
        risk=Risk.RISES,
        unit="days",
        reason="{count} from sign-up to first value",
        reason_if_none="first value not reached yet",
        example={
            "customers": """
                days_ago
                     100
            """,
            "milestones": """
                days_ago | milestone
                      60 | first_value
                      90 | import        another step
            """,
        },
        gives=40,
    ),
    reached(
        name="milestones_reached",
        measure=distinct("milestone"),
        risk=Risk.FALLS,
        actionable=True,
        unit="onboarding steps",
        one="onboarding step",
        reason="{count} reached",
        reason_if_none="no onboarding step reached",
        if_none=0,
        example=STEPS,
        gives=3,
    ),
    reached(
        name="days_since_last_milestone",
        measure=days_since_last(),
        unit="days",
        reason="last onboarding step {count} ago",
        reason_if_none="no onboarding step reached",
        example=STEPS,
        gives=30,
    ),
)

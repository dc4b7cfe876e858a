"""Who they are and how they are looked after: context that nobody can change, shown apart."""

from functools import partial

from features.feature import Declaration, Feature, Theme
from features.measures import days_since_first, last

known = partial(Feature, table="customers", context=True)
of_kind = partial(known, categorical=True, unit="", if_none="unknown")
CUSTOMER = """
    days_ago | segment    | country | channel  | touch
          90 | enterprise | PT      | referral | high
"""

RELATIONSHIP: tuple[Declaration, ...] = (
    of_kind(
        name="touch",
        measure=last("touch"),
        theme=Theme.RELATIONSHIP,
        reason="looked after in {value} touch",
        reason_if_none="no touch model known",
        example=CUSTOMER,
        gives="high",
    ),
    of_kind(
        name="channel",
        measure=last("channel"),
        theme=Theme.RELATIONSHIP,
        reason="won through {value}",
        reason_if_none="no channel known",
        example=CUSTOMER,
        gives="referral",
    ),
    of_kind(
        name="segment",
        measure=last("segment"),
        theme=Theme.PROFILE,
        reason="in the {value} segment",
        reason_if_none="no segment known",
        example=CUSTOMER,
        gives="enterprise",
    ),
    of_kind(
        name="country",
        measure=last("country"),
        place=True,
        theme=Theme.PROFILE,
        reason="based in {value}",
        reason_if_none="no country known",
        example=CUSTOMER,
        gives="PT",
    ),
    known(
        name="days_since_sign_up",
        measure=days_since_first(),
        theme=Theme.PROFILE,
        unit="days",
        reason="signed up {count} ago",
        reason_if_none="sign-up not known",
        example=CUSTOMER,
        gives=90,
    ),
)

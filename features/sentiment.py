"""What they say of the product and the service, and whether they still say anything."""

from functools import partial

from features.conditions import at_most
from features.feature import Declaration, Feature, Risk, Theme
from features.measures import days_since_last, last, mean, share

answered = partial(Feature, table="surveys", theme=Theme.SENTIMENT)
liked = partial(answered, risk=Risk.FALLS, actionable=True)
rated = partial(Feature, table="tickets", theme=Theme.SENTIMENT, actionable=True)
RATED = """
    days_ago | csat | csat_days_ago
           9 |    2 | 1               rated yesterday
          10 |    1 | 0               rated today: not known yet
          40 |    - | -               never rated
         168 |    4 | 160             the first day that counts
         169 |    1 | 160             too old
"""
RECOMMENDED = """
    days_ago | kind | score
           0 | NPS  |    10   the as-of day itself is not known yet
          30 | NPS  |     6
          10 | CSAT |     1   another question
         364 | NPS  |     9   the first day that counts
         365 | NPS  |     1   too old
"""

SENTIMENT: tuple[Declaration, ...] = (
    liked(
        name="nps_last_364d",
        days=364,
        where={"kind": "NPS"},
        measure=last("score"),
        unit="of 10",
        reason="last NPS answer {value} of 10",
        reason_if_none="no NPS answer {window}",
        example=RECOMMENDED,
        gives=6,
    ),
    liked(
        name="nps_mean_364d",
        days=364,
        where={"kind": "NPS"},
        measure=mean("score"),
        unit="of 10",
        reason="NPS answers {value} of 10, on average, {window}",
        reason_if_none="no NPS answer {window}",
        example=RECOMMENDED,
        gives=7.5,
    ),
    answered(
        name="detractor_share_364d",
        days=364,
        where={"kind": "NPS"},
        measure=share({"score": at_most(6)}),
        risk=Risk.RISES,
        actionable=True,
        unit="of answers",
        reason="{percent} of NPS answers were from detractors {window}",
        reason_if_none="no NPS answer {window}",
        example=RECOMMENDED,
        gives=0.5,
    ),
    liked(
        name="csat_mean_168d",
        days=168,
        where={"kind": "CSAT"},
        measure=mean("score"),
        unit="of 5",
        reason="CSAT answers {value} of 5, on average, {window}",
        reason_if_none="no CSAT answer {window}",
        example="""
            days_ago | kind | score
                   0 | CSAT |     1   the as-of day itself is not known yet
                  10 | NPS  |     1   another question
                 100 | CSAT |     4
                 168 | CSAT |     2   the first day that counts
                 169 | CSAT |     5   too old
        """,
        gives=3,
    ),
    answered(
        name="ces_last_364d",
        days=364,
        where={"kind": "CES"},
        measure=last("score"),
        unit="of 7",  # whether 7 is easy or hard differs between helpdesks: no direction
        reason="last CES answer {value} of 7",
        reason_if_none="no CES answer {window}",
        example="""
            days_ago | kind | score
                   0 | CES  |     1   the as-of day itself is not known yet
                  10 | NPS  |     1   another question
                 364 | CES  |     5   the first day that counts
                 365 | CES  |     2   too old
        """,
        gives=5,
    ),
    rated(
        name="ticket_csat_mean_168d",
        days=168,
        measure=mean("csat"),
        risk=Risk.FALLS,
        unit="of 5",
        reason="tickets rated {value} of 5, on average, {window}",
        reason_if_none="no ticket rated {window}",
        example=RATED,
        gives=3,
    ),
    rated(
        name="unhappy_tickets_168d",
        days=168,
        where={"csat": at_most(2)},
        risk=Risk.RISES,
        unit="tickets",
        reason="{count} rated 1 or 2 of 5 {window}",
        reason_if_none="no ticket rated badly {window}",
        if_none=0,
        example=RATED,
        gives=1,
    ),
    answered(
        name="surveys_answered_364d",
        days=364,
        unit="surveys",
        reason="{count} answered {window}",
        reason_if_none="no survey answered {window}",
        if_none=0,
        example="""
            days_ago | kind | score
                   0 | CES  |     1   the as-of day itself is not known yet
                   1 | CES  |     7
                 364 | NPS  |     5   the first day that counts
                 365 | NPS  |     2   too old
        """,
        gives=2,
    ),
    answered(
        name="days_since_last_answer",
        measure=days_since_last(),
        unit="days",
        reason="last survey answered {count} ago",
        reason_if_none="no survey has ever been answered",
        example="""
            days_ago | kind | score
                   0 | CES  |     1   the as-of day itself is not known yet
                  70 | NPS  |     5
                 365 | NPS  |     2
        """,
        gives=70,
    ),
)

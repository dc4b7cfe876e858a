"""What they ask for help with, and how long they wait for it."""

from functools import partial

from features.conditions import missing, present
from features.feature import Change, Declaration, Feature, Risk, Theme
from features.measures import days_since_last, mean

asked = partial(Feature, table="tickets", theme=Theme.SUPPORT)
trouble = partial(asked, risk=Risk.RISES, actionable=True, if_none=0)
URGENT = ("high", "urgent")


def tickets(days: int) -> Feature:
    """Tickets opened, over one window; help that is asked for is also a sign of use."""
    return asked(
        name=f"tickets_{days}d",
        days=days,
        unit="tickets",
        reason="{count} opened {window}",
        reason_if_none="no ticket {window}",
        if_none=0,
        example=f"""
            days_ago | priority
                   0 | normal     the as-of day itself is not known yet
                   1 | low
              {days} | urgent     the first day that counts
          {days + 1} | normal     too old
        """,
        gives=2,
    )


def complaints(days: int) -> Feature:
    """Tickets that complain, over one window."""
    return trouble(
        name=f"complaints_{days}d",
        days=days,
        where={"complaint": True},
        unit="complaints",
        reason="{count} {window}",
        reason_if_none="no complaint {window}",
        example=f"""
            days_ago | complaint
                   0 | yes         the as-of day itself is not known yet
                   1 | yes
                   2 | no
                   3 | -           nobody knows
              {days} | yes         the first day that counts
          {days + 1} | yes         too old
        """,
        gives=2,
    )


SUPPORT: tuple[Declaration, ...] = (
    *(tickets(days) for days in (28, 84)),
    Change(
        of="tickets_28d",
        days=28,
        theme=Theme.SUPPORT,
        unit="tickets",
        what="tickets",
        reason_if_none="no tickets to compare with the time before",
        example="""
            days_ago | priority
                   0 | normal     the as-of day itself is not known yet
                   1 | low
                  28 | low        the first day of now
                  29 | low        the last day of before
                  57 | urgent     too old
        """,
        gives=1 / 3,
    ),
    complaints(84),
    trouble(
        name="urgent_tickets_84d",
        days=84,
        where={"priority": URGENT},
        unit="urgent tickets",
        reason="{count} {window}",
        reason_if_none="no urgent ticket {window}",
        example="""
            days_ago | priority
                   0 | urgent     the as-of day itself is not known yet
                   1 | urgent
                   2 | normal
                  84 | high       the first day that counts
                  85 | urgent     too old
        """,
        gives=2,
    ),
    trouble(
        name="open_tickets_168d",
        days=168,
        where={"resolved_at": missing()},
        unit="open tickets",
        reason="{count} now",
        reason_if_none="no open ticket",
        example="""
            days_ago | resolved_days_ago
                   3 | -
                  20 | 0                   resolved today: not known yet
                  30 | 1                   resolved yesterday
                 168 | -                   the first day that counts
                 169 | -                   forgotten rather than open
        """,
        gives=3,
    ),
    trouble(
        name="urgent_open_tickets_168d",
        days=168,
        where={"priority": URGENT, "resolved_at": missing()},
        unit="urgent open tickets",
        reason="{count} now",
        reason_if_none="no urgent ticket open",
        example="""
            days_ago | priority | resolved_days_ago
                   3 | urgent   | -
                  20 | high     | 0                   resolved today: not known yet
                  30 | urgent   | 1                   resolved yesterday
                  40 | low      | -                   not urgent
                 168 | high     | -                   the first day that counts
                 169 | high     | -                   forgotten rather than open
        """,
        gives=3,
    ),
    trouble(
        name="unanswered_tickets_84d",
        days=84,
        where={"first_response_at": missing(), "resolved_at": missing()},
        unit="unanswered tickets",
        reason="{count} now",
        reason_if_none="every ticket answered",
        example="""
            days_ago | first_response_days_ago | resolved_days_ago
                   3 | -                       | -
                   4 | 0                       | 0                   answered today: not known yet
                   5 | 1                       | -                   answered yesterday
                   6 | -                       | 2                   resolved without an answer
                  84 | -                       | -                   the first day that counts
                  85 | -                       | -                   too old
        """,
        gives=3,
    ),
    trouble(
        name="reopened_tickets_84d",
        days=84,
        where={"reopened_at": present()},
        unit="tickets",
        reason="{count} reopened {window}",
        reason_if_none="no ticket reopened {window}",
        example="""
            days_ago | reopened_days_ago
                   9 | 1                   reopened yesterday
                  10 | 0                   reopened today: not known yet
                  11 | -                   never
                  84 | 40                  the first day that counts
                  85 | 40                  too old
        """,
        gives=2,
    ),
    trouble(
        name="hours_to_first_response_84d",
        days=84,
        measure=mean("hours_to_first_response"),
        unit="hours",
        reason="{count} to the first answer, on average, {window}",
        reason_if_none="no ticket answered {window}",
        if_none=float("nan"),
        example="""
            days_ago | first_response_days_ago
                   2 | 1                         24 hours
                   3 | 0                         answered today: not known yet
                  84 | 83.5                      12 hours; the first day that counts
                  85 | 80                        too old
        """,
        gives=18,
    ),
    trouble(
        name="hours_to_resolve_84d",
        days=84,
        measure=mean("hours_to_resolve"),
        unit="hours",
        reason="{count} to solve a ticket, on average, {window}",
        reason_if_none="no ticket solved {window}",
        if_none=float("nan"),
        example="""
            days_ago | resolved_days_ago
                   3 | 1                   48 hours
                   4 | 0                   resolved today: not known yet
                  84 | 83                  24 hours; the first day that counts
                  85 | 20                  too old
        """,
        gives=36,
    ),
    asked(
        name="days_since_last_ticket",
        measure=days_since_last(),
        unit="days",
        reason="last ticket {count} ago",
        reason_if_none="no ticket ever opened",
        example="""
            days_ago | priority
                   0 | normal     the as-of day itself is not known yet
                  40 | low
                  90 | urgent
        """,
        gives=40,
    ),
)

"""The events and milestones that a business names itself, written out as declarations."""

import re
from collections.abc import Sequence

from features.feature import Change, Declaration, Feature, Risk, Theme
from features.measures import days_since_last, distinct


def declared_events(
    key_events: Sequence[str] = (), milestones: Sequence[str] = ()
) -> tuple[Declaration, ...]:
    """What is counted of each key event and milestone named in the settings, in their order.

    Raises:
        ValueError: A name cannot stand in a declaration: it is empty, `-`, or not written with
            single spaces.
    """
    events = (declared for event in key_events for declared in _event(_plain(event)))
    steps = (declared for step in milestones for declared in _milestone(_plain(step)))
    return (*events, *steps)


def _event(event: str) -> tuple[Declaration, ...]:
    name, spoken = f"event_{_identifier(event)}", _spoken(event)
    often = _often(event, name, spoken)
    return often, _change(often, event, spoken), _recency(event, name, spoken)


def _often(event: str, name: str, spoken: str) -> Feature:
    return Feature(
        name=f"{name}_28d",
        table="usage",
        days=28,
        where={"event": event},
        theme=Theme.USAGE,
        risk=Risk.FALLS,
        actionable=True,
        unit="times",
        reason=f"{spoken} {{count}} in the last 4 weeks",
        reason_if_none=f"no {event} in the last 4 weeks",
        if_none=0,
        example=f"""
            days_ago | event
                   0 | {event}  the as-of day itself is not known yet
                   1 | {event}
                   2 | (other)  something else
                  28 | {event}  the first day that counts
                  29 | {event}  too old
        """,
        gives=2,
    )


def _change(often: Feature, event: str, spoken: str) -> Change:
    return Change(
        of=often.name,
        days=28,
        theme=Theme.USAGE,
        risk=Risk.FALLS,
        actionable=True,
        unit="times",
        reason=f"{spoken} {{direction}} {{percent}} against the 4 weeks before, "
        "from {before} to {now}",
        reason_if_none=f"too little {event} to compare with the 4 weeks before",
        example=f"""
            days_ago | event
                   0 | {event}  the as-of day itself is not known yet
                  28 | {event}  the first day of now
                  29 | {event}  the last day of before
                  30 | {event}
                  30 | (other)  something else
                  56 | {event}  the first day of before
                  57 | {event}  too old
        """,
        gives=-0.5,
    )


def _recency(event: str, name: str, spoken: str) -> Feature:
    return Feature(
        name=f"{name}_days_since_last_84d",
        table="usage",
        days=84,
        where={"event": event},
        measure=days_since_last(),
        theme=Theme.USAGE,
        risk=Risk.RISES,
        actionable=True,
        unit="days",
        reason=f"last {spoken} {{count}} ago",
        reason_if_none=f"no {event} in the last 12 weeks",
        example=f"""
            days_ago | event
                   0 | {event}  the as-of day itself is not known yet
                   2 | (other)  something else
                  84 | {event}  the first day that counts
                  85 | {event}  too old
        """,
        gives=84,
    )


def _milestone(step: str) -> tuple[Declaration, ...]:
    return (
        Feature(
            name=f"milestone_{_identifier(step)}",
            table="milestones",
            where={"milestone": step},
            measure=distinct("milestone"),
            theme=Theme.ONBOARDING,
            risk=Risk.FALLS,
            actionable=True,
            unit="",
            reason=f"{_spoken(step)} reached",
            reason_if_none=f"{step} not reached yet",
            if_none=0,
            example=f"""
                days_ago | milestone
                       0 | (other)  something else
                      30 | {step}
                      40 | {step}  reached before
            """,
            gives=1,
        ),
    )


def _plain(name: str) -> str:
    if name in ("", "-") or name != " ".join(name.split()):
        raise ValueError(f"{name!r} cannot name an event: write it with single spaces, not '-'.")
    return name


def _identifier(name: str) -> str:
    return re.sub(r"\W+", "_", name.lower()).strip("_")


def _spoken(name: str) -> str:
    """The name inside a sentence's template."""
    return name.replace("{", "{{").replace("}", "}}")

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
    name = f"event_{_identifier(event)}"
    often = _often(event, name)
    return often, _change(often, event), _recency(event, name)


def _often(event: str, name: str) -> Feature:
    return Feature(
        name=f"{name}_28d",
        table="usage",
        days=28,
        where={"event": event},
        theme=Theme.USAGE,
        risk=Risk.FALLS,
        actionable=True,
        unit="times",
        called=event,
        reason="{called} {count} {window}",
        reason_if_none="no {called} {window}",
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


def _change(often: Feature, event: str) -> Change:
    return Change(
        of=often.name,
        days=28,
        theme=Theme.USAGE,
        risk=Risk.FALLS,
        actionable=True,
        unit="times",
        called=event,
        what="{called}",
        reason_if_none="too little {called} to compare with the time before",
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


def _recency(event: str, name: str) -> Feature:
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
        called=event,
        reason="last {called} {count} ago",
        reason_if_none="no {called} {window}",
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
            called=step,
            reason="{called} reached",
            reason_if_none="{called} not reached yet",
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

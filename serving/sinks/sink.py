"""What every sink can do, so that a push need not know which it is."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from serving.sinks.fields import Field
from serving.sinks.record import Outcome, Record


@dataclass(frozen=True)
class SetUp:
    """What a set-up did: fields made, fields that were there, what a person must still do."""

    made: tuple[str, ...]
    there: tuple[str, ...]
    left: tuple[str, ...] = ()


class Sink(Protocol):
    """A CRM, or a folder."""

    @property
    def name(self) -> str:
        """What people call it."""

    @property
    def batch(self) -> int:
        """How many records are noted at once: as many as one request may carry."""

    def set_up(self, fields: Sequence[Field]) -> SetUp:
        """Make the fields that are missing; the same again changes nothing."""

    def require_ready(self, fields: Sequence[Field]) -> None:
        """Refuses to send while a field is missing.

        Raises:
            SinkError: One is; it says which, and that --setup makes it.
        """

    def send(self, batch: Sequence[Record], ids: Mapping[str, str]) -> Iterator[list[Outcome]]:
        """Write records, at most `batch`; yields outcomes as soon as they are known.

        `ids` are the CRM's own ids of customers it has accepted before.

        Raises:
            Dropped: There was no answer about the records not yet told of.
        """

    def close(self) -> None:
        """Ends its connections."""

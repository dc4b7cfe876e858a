"""What can go wrong, by name, and the exit code that each ends a command with.

A message names the thing, says what is wrong with it and what to do instead, in one line.
"""

from enum import IntEnum
from typing import ClassVar


class ExitCode(IntEnum):
    """How a command ended, for the scheduler that started it."""

    OK = 0, "done"
    FAILED = 1, "a fault in the program: the traceback says where"
    ARGUMENTS = 2, "bad arguments or settings"
    CONTRACT = 3, "the data breaks the contract, or there is too little of it"
    STALE = 4, "the data is older than its freshness limit"
    PARTIAL = 5, "some records were not written to the CRM"
    MODEL = 6, "the model is missing or was trained on other definitions"
    REFUSED = 7, "the gate refused the challenger"
    BUSY = 8, "another process is writing there: nothing was done"
    UNLIKELY = 9, "the scores differ too much from the last run's: nothing was published"
    FINDINGS = 10, "the monitor has a critical finding"
    TARGET = 11, "a place to write into is full, read-only or away: what was there is as it was"
    UNTOLD = 12, "what the monitor found could not be told by webhook or e-mail"

    meaning: str

    def __new__(cls, value: int, meaning: str) -> "ExitCode":
        member = int.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member


class ChurnError(Exception):
    """Something the person at the keyboard can put right; anything else is a fault of ours."""

    exit_code: ClassVar[ExitCode] = ExitCode.FAILED


class SettingsError(ChurnError):
    """A setting is unknown, missing or mistyped: which one, and what it may be."""

    exit_code = ExitCode.ARGUMENTS


class ContractError(ChurnError):
    """Data or definitions are not as agreed: which table, column or feature; what was, what is."""

    exit_code = ExitCode.CONTRACT


class SourceError(ChurnError):
    """A source cannot be read: which source, which record, what was expected."""

    exit_code = ExitCode.CONTRACT


class UnknownCustomer(ChurnError):
    """Nobody of this customer_id was known on the as-of date."""

    exit_code = ExitCode.ARGUMENTS


class InsufficientData(ChurnError):
    """There is too little history to say anything honest: how much there is, how much is needed."""

    exit_code = ExitCode.CONTRACT


class StaleData(ChurnError):
    """A table's newest row is older than its freshness limit: which table, how old, the limit."""

    exit_code = ExitCode.STALE


class ModelMissing(ChurnError):
    """There is no champion to score with, or it cannot be loaded beside today's definitions."""

    exit_code = ExitCode.MODEL


class Refused(ChurnError):
    """The gate let this model through only in part or not at all: what it said, how to override."""

    exit_code = ExitCode.REFUSED


class AlreadyChampion(ChurnError):
    """Nothing to do: the version asked for is the champion as it is."""

    exit_code = ExitCode.ARGUMENTS


class Busy(ChurnError):
    """Another process is writing into the same place: which process, which place."""

    exit_code = ExitCode.BUSY


class Unlikely(ChurnError):
    """What would be published differs too much from the last run: in what, and the limit."""

    exit_code = ExitCode.UNLIKELY


class TargetError(ChurnError):
    """A place to write to cannot be written: which, why, what to do."""

    exit_code = ExitCode.TARGET


class SinkError(ChurnError):
    """A CRM did not take all it was sent: which, what it said, how many records are left."""

    exit_code = ExitCode.PARTIAL


class AccessRefused(SettingsError):
    """A CRM refuses the token: it is wrong, has expired, or may not write there."""

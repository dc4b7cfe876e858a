"""Errors a user can act on: each names the thing, says what is wrong and what to do instead."""

from enum import IntEnum
from typing import ClassVar


class Exit(IntEnum):
    """What a `churn` command ends with."""

    OK = 0
    BAD_ARGUMENTS = 2
    CONTRACT = 3
    STALE_DATA = 4
    PARTIAL_WRITE = 5
    MODEL = 6
    REFUSED = 7


class ChurnError(Exception):
    """Anything this project refuses to do, with the exit code of the command that met it."""

    exit_code: ClassVar[Exit] = Exit.CONTRACT


class ContractError(ChurnError):
    """Data, declaration and model do not agree."""


class SourceError(ChurnError):
    """A source cannot be read, or does not hold what the data contract asks for."""


class SettingsError(ChurnError):
    """A setting is missing, mistyped or unknown."""

    exit_code = Exit.BAD_ARGUMENTS


class UnknownCustomer(ChurnError):
    """No customer of that id was known on the as-of date."""

    exit_code = Exit.BAD_ARGUMENTS


class InsufficientData(ChurnError):
    """Too little history to say anything honest."""


class StaleData(ChurnError):
    """The data is older than its declared limit."""

    exit_code = Exit.STALE_DATA


class ModelMissing(ChurnError):
    """No model, or one that this code cannot serve."""

    exit_code = Exit.MODEL

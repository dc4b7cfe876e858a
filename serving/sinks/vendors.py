"""The names that a person calls sinks and files by."""

from enum import StrEnum


class Vendor(StrEnum):
    """Where scores can go."""

    HUBSPOT = "hubspot"
    SALESFORCE = "salesforce"
    PIPEDRIVE = "pipedrive"
    FILES = "files"


class Form(StrEnum):
    """How files are written."""

    CSV = "csv"
    PARQUET = "parquet"

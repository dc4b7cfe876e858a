"""The input usability report: what is wrong with a history, where, and what to do about it."""

from features.check.finding import Finding, Severity
from features.check.report import Report, Terms, refuse_errors, report, said

__all__ = ["Finding", "Report", "Severity", "Terms", "refuse_errors", "report", "said"]

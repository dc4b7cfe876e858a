"""Logs as JSON lines with the request they are about, and without what callers or data hold."""

import logging
import traceback
from contextvars import ContextVar
from types import TracebackType
from typing import TypeAlias

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

REQUEST: ContextVar[str] = ContextVar("request_id", default="")
UNPACKED: TypeAlias = "tuple[type[BaseException], BaseException, TracebackType | None]"
# BentoML logs each request by its path, and a page's path names a customer.
SILENT = ("bentoml.access",)


def log_as_json() -> None:
    """Every handler there is writes JSON from now on."""
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=list(_before()),
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
    )
    for name in ("", "bentoml", "uvicorn.error", "circus"):
        for handler in logging.getLogger(name).handlers:
            handler.setFormatter(formatter)
    for name in SILENT:
        logging.getLogger(name).disabled = True


def _before() -> tuple[Processor, ...]:
    return (
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(allow=["route", "method", "status", "ms", "caller"]),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _about_request,
        _where_only,
    )


def _about_request(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    if id_ := REQUEST.get():
        event["request_id"] = id_
    return event


def _where_only(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """A fault by its kind and the lines it went through: its message may quote what was sent."""
    found: UNPACKED | bool | None = event.pop("exc_info", None)
    if isinstance(found, tuple) and found[0] is not None:
        kind, _error, where = found
        event["fault"] = kind.__name__
        event["lines"] = [
            f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(where)
        ]
    return event

"""A made-up software company: its history as canonical tables, and the truth behind it."""

from features.demo.company import Demo, simulate
from features.demo.writing import write

__all__ = ["Demo", "simulate", "write"]

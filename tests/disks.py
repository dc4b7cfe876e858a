"""Disks in memory that are small or cannot be written; only root may make one."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def mounted(place: Path, options: str) -> Iterator[Path]:
    """A disk in memory, for as long as the test runs."""
    place.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", place], capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip("this user may not mount a disk")
    yield place
    subprocess.run(["umount", "--lazy", place], check=True)  # a pool may hold a file open


@contextmanager
def closed(place: Path) -> Iterator[Path]:
    """The same disk by another name, under which it cannot be written."""
    view = place.with_name(f"{place.name}, closed")
    view.mkdir()
    subprocess.run(["mount", "--bind", place, view], check=True)
    subprocess.run(["mount", "-o", "remount,bind,ro", view], check=True)
    try:
        yield view
    finally:
        subprocess.run(["umount", "--lazy", view], check=True)


def filled(place: Path, left: int) -> None:
    """Leaves so many bytes of a disk."""
    with (place / "others").open("wb", buffering=0) as others:
        for size in (65_536, 4_096):
            while _free(place) >= left + size:
                others.write(b"0" * size)


def _free(place: Path) -> int:
    told = os.statvfs(place)
    return told.f_bavail * told.f_frsize

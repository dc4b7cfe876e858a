"""The most memory that a process has held."""

from pathlib import Path
from re import search

STATUS = Path("/proc/self/status")


def peak_bytes() -> int:
    """The most of this process since it began its program.

    Not getrusage's ru_maxrss: that of a child begins at what its parent held (getrusage(2)).
    """
    found = search(r"VmHWM:\s+(\d+) kB", STATUS.read_text())
    if found is None:
        raise OSError(f"{STATUS} does not tell VmHWM: memory is measured on Linux.")
    return 1024 * int(found.group(1))

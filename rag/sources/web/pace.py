"""Keep to a service's rate, also across the programs of one person that run at once or in turn."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from filelock import FileLock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["keep_pace"]


def keep_pace(folder: Path, service: str, interval: float, wait: Callable[[float], object]) -> None:
    """Wait until a service may be asked again, and note that it is.

    Args:
        folder: Where the times of the last requests are kept: those of a file's last change.
        service: Its name.
        interval: Seconds between two requests.
        wait: Waits for some seconds.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        last = folder / f"{service}.last"
        # Whoever comes meanwhile waits for the lock, then for a turn of its own.
        with FileLock(folder / f"{service}.lock"):
            left = 0.0
            with suppress(FileNotFoundError):
                left = last.stat().st_mtime + interval - time.time()
            if left > 0:
                wait(min(left, interval))  # the clock may have been put back
            last.touch()
            now = time.time()
            os.utime(last, (now, now))
    except OSError:
        wait(interval)  # nothing can be noted: as if it had just been asked

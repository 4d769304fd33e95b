"""Progress reports: passed to a callable, or shown by tqdm."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from access_advisor._errors import InvalidInputError

if TYPE_CHECKING:
    from access_advisor import Progress


def listener(progress: bool | Callable[[Progress], object]) -> Callable[[Progress], object] | None:
    """Returns the callable for a `progress` argument, or None."""
    if progress is False:
        return None
    if progress is not True:
        if not callable(progress):
            raise InvalidInputError(f"progress must be True, False, None or a callable, not {progress!r}")
        return progress
    try:
        from tqdm.auto import tqdm
    except ImportError:
        warnings.warn("progress=True shows nothing without tqdm: pip install tqdm", stacklevel=3)
        return None
    return _Bar(tqdm)


class _Bar:
    """A tqdm progress bar, shown from the first report to the last."""

    def __init__(self, tqdm: Any) -> None:
        self._tqdm = tqdm
        self._bar: Any = None

    def __call__(self, progress: Progress) -> None:
        if self._bar is None:
            self._bar = self._tqdm(desc="reading the trail", unit=" objects")
        if progress.total is not None:
            self._bar.total = progress.total
        self._bar.set_postfix_str(f"{progress.records:,} records", refresh=False)
        self._bar.update(progress.objects - self._bar.n)
        if progress.done:
            self._bar.close()

    def __del__(self) -> None:
        if self._bar is not None:
            self._bar.close()

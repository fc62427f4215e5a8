"""Products of small matrices, made by the thread that asks for them.

BLAS hands a product to all its threads from a few hundred thousand multiplications on. For what a
question needs that gains nothing, and where other work keeps the cores busy, each product waits for
the slowest thread: 15 ms in place of 0.1 ms were measured.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["inner"]

_ALONE = 200_000  # multiplications that BLAS leaves to one thread


def inner(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the inner product of each row of one matrix with each row of another.

    Args:
        first: Shape (m, dimension), of at most some hundred rows.
        second: Shape (n, dimension).

    Returns:
        Shape (m, n).
    """
    result = np.empty((len(first), len(second)), np.float32)
    step = max(1, _ALONE // max(1, first.size))
    for start in range(0, len(second), step):
        np.matmul(first, second[start : start + step].T, out=result[:, start : start + step])
    return result

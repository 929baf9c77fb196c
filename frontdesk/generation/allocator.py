"""Memory outside of Python: passing tensors, and what is prepared for their shapes.

A forward pass over some hundred prompt tokens asks for tensors of megabytes and gives
them back, layer after layer. glibc returns such memory to the system each time and has
it zeroed page by page the next. Measured on one Zen 4 core with the embedded model in
bfloat16: 200 tokens after 400, 610 ms; with the memory kept, 380 ms. A prompt of 512,
1,030 and 900 ms. The memory in use at the end is the same. And it keeps a heap for each
thread, with the holes of each: with a single one for those to come, five minutes of
answers end at 1,885 MB instead of 1,958 MB.

oneDNN, and torch's layer over it, each keep what they prepared for a product of some
shape, for the last 1,024 shapes; steps come in thousands. Measured: 0.6 MB a shape, and
283 MB more in use after four minutes at 80 % of one core. With 128 shapes it stays as
it was after the first minute, and the same answers take the same processor time.
"""

from __future__ import annotations

import ctypes
import os
import sys

# Numbers of malloc.h.
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -2, -3, -8
_KEPT_BYTES = 512 << 20
_PAD_BYTES = 64 << 20
_LARGEST_BYTES = 32 << 20  # glibc takes no higher threshold
_SHAPES = 128  # a step has some 25


def keep_freed_memory() -> bool:
    """True if this process keeps freed memory from now on; False where it cannot."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        set_option = ctypes.CDLL(None).mallopt
    except AttributeError:  # another C library
        return False
    wanted = {
        _MMAP_THRESHOLD: _LARGEST_BYTES,
        _TRIM_THRESHOLD: _KEPT_BYTES,
        _TOP_PAD: _PAD_BYTES,
        _ARENA_MAX: 1,
    }
    return all(set_option(name, value) == 1 for name, value in wanted.items())


def forget_old_shapes() -> None:
    """Bound what is kept for shapes, if nothing has been multiplied in bfloat16 yet.

    Both libraries read their variable at the first product. Values that are set stay.
    """
    for name in ("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "LRU_CACHE_CAPACITY"):
        os.environ.setdefault(name, str(_SHAPES))

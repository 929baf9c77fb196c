import os
import subprocess
import sys

import pytest
import torch

PROGRAM = """
import ctypes, resource, sys
from frontdesk.generation.allocator import keep_freed_memory

if sys.argv[1] == "kept":
    assert keep_freed_memory()
memory = ctypes.CDLL(None)
memory.malloc.restype, memory.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
for _ in range(50):
    # Two, so that the second lies at the end of the heap and could be given back.
    taken = [memory.malloc(ctypes.c_size_t(6 << 20)) for _ in range(2)]
    for place in taken:
        ctypes.memset(place, 1, 6 << 20)
    for place in reversed(taken):
        memory.free(place)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)
"""


def printed(program, way):
    """The number that a process of its own prints."""
    # Without what an engine of another test may have set in this process.
    environ = {n: v for n, v in os.environ.items() if not n.endswith("CACHE_CAPACITY")}
    command = [sys.executable, "-c", program, way]
    return int(subprocess.check_output(command, env=environ, text=True))


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's allocator")
def test_freed_memory_is_used_again_without_new_pages():
    pages = {way: printed(PROGRAM, way) for way in ("kept", "as it is")}
    # 50 times 12 MB are 150,000 pages of 4 KB; kept, they are taken once.
    assert pages["as it is"] - pages["kept"] > 50_000


SHAPES = """
import ctypes, sys
import torch
from frontdesk.generation.allocator import forget_old_shapes

class Report(ctypes.Structure):
    names = "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keep"
    _fields_ = [(name, ctypes.c_size_t) for name in names.split()]

if sys.argv[1] == "bounded":
    forget_old_shapes()
report = ctypes.CDLL(None).mallinfo2
report.restype = Report
keys, query = torch.ones(2, 600, 64).bfloat16(), torch.ones(2, 64, 3).bfloat16()
torch.bmm(keys, query)
before = report().uordblks
for length in range(100, 600):
    torch.bmm(keys[:, :length], query)
print(report().uordblks - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's allocator")
@pytest.mark.skipif(
    not torch.ops.mkldnn._is_mkldnn_bf16_supported(), reason="needs bfloat16 units"
)
def test_memory_does_not_grow_with_the_lengths_of_contexts():
    grown = {way: printed(SHAPES, way) for way in ("bounded", "as it is")}
    assert grown["bounded"] < grown["as it is"] / 2

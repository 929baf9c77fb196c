import subprocess
import sys

import pytest

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


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's allocator")
def test_freed_memory_is_used_again_without_new_pages():
    pages = {
        way: int(
            subprocess.run(
                [sys.executable, "-c", PROGRAM, way],
                check=True,
                capture_output=True,
                text=True,
            ).stdout
        )
        for way in ("kept", "as it is")
    }
    # 50 times 12 MB are 150,000 pages of 4 KB; kept, they are taken once.
    assert pages["as it is"] - pages["kept"] > 50_000

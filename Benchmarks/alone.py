"""What the machine holds up by itself: a core that only looks at the clock, and a disk that only keeps one block."""

import os
import tempfile
import time

BLOCK = bytes(4096)
# The field of a measurement, and which part of all instants or writes had at most so much.
PARTS = {"delayP50": 0.5, "delayP99": 0.99, "delayP999": 0.999}


def percentile(gaps, nanoseconds, share):
    """The delay that no more than a share of all instants see, if what comes in a gap waits for its end."""
    low, high = 0, max(gaps, default=0)
    while low < high:
        delay = (low + high) // 2
        if sum(gap - delay for gap in gaps if gap > delay) > share * nanoseconds:
            low = delay + 1
        else:
            high = delay
    return low


def core(number, seconds):
    """Looks at the clock on one core: what came between two looks was somebody else's."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {number})
    try:
        gaps, began = [], time.perf_counter_ns()
        last, end = began, began + int(seconds * 1e9)
        while last < end:
            now = time.perf_counter_ns()
            # Python's own part of a microsecond is no gap.
            if now - last > 10_000:
                gaps.append(now - last)
            last = now
    finally:
        os.sched_setaffinity(0, before)
    return microseconds({field: percentile(gaps, last - began, 1 - part) for field, part in PARTS.items()})


def disk(writes):
    """Appends blocks to a file where the servers have theirs, each made durable before the next."""
    times = []
    with tempfile.TemporaryFile(prefix="pasted-bench-") as file:
        for _ in range(writes):
            began = time.perf_counter_ns()
            os.write(file.fileno(), BLOCK)
            os.fdatasync(file.fileno())
            times.append(time.perf_counter_ns() - began)
    times.sort()
    return microseconds({field: times[min(writes - 1, int(part * writes))] for field, part in PARTS.items()})


def microseconds(nanoseconds):
    return {field: value / 1_000 for field, value in nanoseconds.items()}

"""What share of the measured cores' time went to others than the server and its load."""

import os
import pathlib
import resource
import time

TICKS = os.sysconf("SC_CLK_TCK")


def busy(stat, cores):
    """Seconds that these cores have worked, of what /proc/stat says: all but idle and waiting for disks. What a
    virtual machine was kept waiting for (steal) is others' work, too; guests are in the users' time already."""
    total = 0
    for line in stat.splitlines():
        name, *ticks = line.split() or [""]
        if name[:3] == "cpu" and name[3:].isdigit() and int(name[3:]) in cores:
            user, nice, system, _, _, irq, softirq, steal, *_ = map(int, ticks)
            total += user + nice + system + irq + softirq + steal
    return total / TICKS


def kernel():
    """Seconds of the threads that do a part of the sending on loopback, for nobody's account."""
    total = 0
    for name in pathlib.Path("/proc").glob("[0-9]*/comm"):
        try:
            if name.read_text().startswith("ksoftirqd/"):
                total += int((name.parent / "schedstat").read_text().split()[0]) / 1e9
        except OSError:
            pass
    return total


def ours(pid):
    """Seconds of the server with this process id, of the loads that have ended, of this program and of `kernel`."""
    loads = resource.getrusage(resource.RUSAGE_CHILDREN)
    # clock_getcpuclockid(3): the number of a process' own clock.
    return time.clock_gettime(~pid << 3 | 2) + loads.ru_utime + loads.ru_stime + time.process_time() + kernel()


class Others:
    """Looks at the clocks, and later at what went by: `share()`, from 0 to 1."""

    def __init__(self, pid, cores):
        self.pid, self.cores = pid, set(cores)
        self.began = self.look()

    def look(self):
        return time.monotonic(), busy(pathlib.Path("/proc/stat").read_text(), self.cores), ours(self.pid)

    def share(self):
        return share(self.began, self.look(), len(self.cores))


def share(before, after, cores):
    seconds, worked, own = (late - early for early, late in zip(before, after))
    return max(0.0, (worked - own) / (seconds * cores))

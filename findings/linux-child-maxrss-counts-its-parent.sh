#!/bin/bash
# What Linux calls the peak memory of a child (`ru_maxrss` of wait4(2), and so what `/usr/bin/time` prints) counts the
# process that started it: /bin/true, started by a process of 300 MB by posix_spawn or vfork, "took" 300 MB. The child
# runs in its parent's memory until it executes, execve(2) keeps the highest mark of the memory that it leaves behind,
# and getrusage(2) says nothing of it. `VmHWM` in /proc/PID/status begins anew with the new program.
# Whoever measures a command from a large process (a test suite, a benchmark) reads that one, or starts the command
# from a small process.
# Seen with Linux 6.18, Python 3.11.2, coreutils 9.1:
#   started by a process of some 300 MB    ru_maxrss 300 MB and more    VmHWM below 10 MB
#   started by a shell of its own          ru_maxrss below 10 MB
# Exits 0 while that is so, 1 when it changed.
set -euo pipefail

echo "Linux $(uname -r), $(python3 --version), $(sleep --version | head -1)"
python3 - <<'PY'
import os
import sys
import time

MB = 1 << 20
ballast = bytearray(300 * MB)
for page in range(0, len(ballast), 4096):
    ballast[page] = 1


def run(*words):
    """`ru_maxrss` of a command and the `VmHWM` that it tells itself, in MB."""
    pid = os.posix_spawn(words[0], words, os.environ)
    own = 0
    for _ in range(20):
        try:
            with open(f"/proc/{pid}/status") as status:
                own = max([own] + [int(line.split()[1]) // 1024 for line in status if line.startswith("VmHWM")])
        except FileNotFoundError:
            pass
        time.sleep(0.01)
    return os.wait4(pid, 0)[2].ru_maxrss // 1024, own


straight, own = run("/bin/sleep", "0.2")
# The shell begins in our memory, and its child in the shell's: what stands in the shell's place tells of that child.
reported = os.popen(
    "sh -c 'sleep 0.01 & wait; exec python3 -c \"import resource;"
    "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)\"'"
).read()
print(f"straight: ru_maxrss {straight} MB, VmHWM {own} MB; from a shell: ru_maxrss {reported.strip()} MB")
sys.exit(0 if straight >= 300 and 0 < own < 10 and int(reported) < 10 else 1)
PY

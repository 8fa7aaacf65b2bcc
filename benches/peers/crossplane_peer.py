"""CPU seconds that crossplane takes to parse a file and to print it again, in its own process.

Invariant: what is imported and read before is no part of the figure; a file that it does not accept is no figure.
Usage: crossplane_peer.py FILE
"""

import sys
import time

import crossplane


def one_pass(path):
    """Parses and prints once; the seconds."""
    start = time.process_time()
    payload = crossplane.parse(path, single=True)
    text = crossplane.build(payload["config"][0]["parsed"])
    seconds = time.process_time() - start
    if payload["status"] != "ok" or not text:
        raise SystemExit("crossplane does not accept it: {}".format(payload["errors"][:3]))
    return seconds


print(sorted(one_pass(sys.argv[1]) for _ in range(3))[1])

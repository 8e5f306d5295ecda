"""Many rows on a cluster of two workers of this computer, one killed in the middle, against one process.

python -m benchmarks.cluster [--rows 2000]     wants the extra “cluster”

Small pictures and untrained networks: what is measured is the handing out. Exit code 1 if a row was lost,
doubled, or has other pixels.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ.setdefault("OMP_NUM_THREADS", "1")

from benchmarks.measure import machine
from daemon.home.machine import let_threads_sleep
from tests.cluster import check_same, make_studio, painted_here, painted_with_a_death, running_cluster

let_threads_sleep()  # as in the daemon


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=2000)
    rows = parser.parse_args().rows
    print(machine())
    with tempfile.TemporaryDirectory(prefix="insert-object-cluster-") as folder:
        studio = make_studio(Path(folder), rows)
        there, here = studio.batch("there"), studio.batch("here")
        began = time.perf_counter()
        with running_cluster(studio) as cluster:
            accounts = painted_with_a_death(studio, there, cluster)
        seconds = time.perf_counter() - began
        print(f"{rows} rows by two workers, one killed after a quarter, with their start: {seconds:.1f} s")
        os.chdir(folder)
        began = time.perf_counter()
        ours = painted_here(studio, here)
        print(f"the same by one process: {time.perf_counter() - began:.1f} s")
        os.chdir("/")
        try:
            check_same(studio, accounts, ours)
        except AssertionError as error:
            print(f"wrong: {error}")
            return 1
    print("nothing lost, nothing doubled, the same pixels")
    return 0


if __name__ == "__main__":
    sys.exit(main())

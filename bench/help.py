"""How long `trimtab --help` takes as a process of its own: one JSON line, the median of 9 runs after one for the cache.

`python bench/help.py [--runs 9]`
"""

import argparse
import json
import platform
import statistics
import subprocess
import sys
import time

PROGRAM = "import sys; sys.argv = ['trimtab', '--help']; from trimtab.cli import main; main()"


def timed(program: str) -> float:
    """Seconds from the start of a Python process to its end."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", program], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def main() -> None:
    """Measure and print one JSON line; a bare interpreter, interleaved, is the floor."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--runs", type=int, default=9)
    runs = asked.parse_args().runs
    timed(PROGRAM)
    pairs = [(timed(PROGRAM), timed("pass")) for _ in range(runs)]
    line = {
        "bench": "help",
        "runs": runs,
        "help_s": round(statistics.median(taken for taken, _ in pairs), 4),
        "interpreter_s": round(statistics.median(bare for _, bare in pairs), 4),
        "line_s": 0.4,
        "python": platform.python_version(),
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main()

"""All that needs an accelerator, in one command: `python -m tests.accelerator`.

The tests of this folder run first, then the benchmark, without a network. Both together are meant
to take less than eight minutes on one H100. The exit code is that of the tests, or else of the
benchmark; `--out FOLDER` is where the tests' report and the benchmark's JSON go.
"""

import subprocess
import sys
import time
from argparse import ArgumentParser
from pathlib import Path


def main() -> int:
    """Run both; return the exit code."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("accelerator"), help="folder")
    parser.add_argument("--minutes", type=float, default=4.5, help="of the benchmark, 0: none")
    parser.add_argument("--smoke", action="store_true", help="the benchmark's tiny form")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    tests = _run(
        "pytest", "tests/accelerator", "-n", "0", "-p", "no:cacheprovider", "--durations=10",
        f"--junitxml={options.out / 'tests.xml'}",
    )  # fmt: skip
    if options.minutes:
        words = ["--minutes", str(options.minutes), "--out", str(options.out / "benchmark.json")]
        words += ["--smoke", "--device", "cpu"] if options.smoke else []
        tests = _run("tests.benchmarks.accelerator", *words) or tests
    print(f"{time.monotonic() - started:.0f} s in all", file=sys.stderr)  # noqa: T201
    return tests


def _run(module: str, *words: str) -> int:
    return subprocess.run([sys.executable, "-m", module, *words]).returncode


if __name__ == "__main__":
    sys.exit(main())

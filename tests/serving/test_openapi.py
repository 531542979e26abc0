"""The service answers whatever its OpenAPI description allows as the description says."""

import os
import subprocess
import sys

from tests.serving.whole import need

PROGRAM = "from schemathesis.cli import schemathesis; schemathesis()"
CASES = os.environ.get("ARTSTYLE_CASES", "20")
"""For each route; `nox -s page` takes few, a long run more."""
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,"
    "response_headers_conformance,response_schema_conformance"
)


def test_no_request_is_answered_with_a_defect_or_as_nobody_documented(url: str) -> None:
    need("schemathesis")
    # Schemathesis is a program of its own: its warnings are not ours.
    done = subprocess.run(
        [
            sys.executable, "-c", PROGRAM, "run", f"{url}/openapi.json",
            "--checks", CHECKS, "--phases", "examples,fuzzing",
            "--max-examples", CASES, "--generation-database", "none",
            "--suppress-health-check", "all",
        ],
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout

"""Look up the locked packages in the database of known vulnerabilities.

    python -m benchmarks.audit

What can't be asked, for want of a network or because the database doesn't know it, is told and
fails nothing: `make check` runs offline too.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

LOCK = Path(__file__).parents[1] / "requirements.lock"
PATIENCE = 180  # seconds


def main() -> None:
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(LOCK), "--disable-pip"]
    command += ["--format", "json", "--progress-spinner", "off", "--timeout", "10"]
    try:
        ran = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
        packages = json.loads(ran.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, ValueError):
        print("Not audited: the database of vulnerabilities can't be asked from here.")
        return
    known = [one for one in packages if "vulns" in one]
    print(
        f"{len(known)} of {len(packages)} locked packages were found in the database and looked up."
    )
    weak = [one for one in known if one["vulns"]]
    for one in weak:
        ids = ", ".join(found["id"] for found in one["vulns"])
        fixed = sorted({version for found in one["vulns"] for version in found["fix_versions"]})
        print(
            f"{one['name']} {one['version']}: {ids}; mended in {', '.join(fixed) or 'no version'}"
        )
    if weak:
        sys.exit(1)


if __name__ == "__main__":
    main()

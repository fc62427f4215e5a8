"""Look up the locked packages in the database of known vulnerabilities.

    python -m benchmarks.audit

What can't be asked, for want of a network or because the database doesn't know it, is told and
fails nothing: `make check` runs offline too. Anything else that goes wrong fails.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

LOCK = Path(__file__).parents[1] / "requirements.lock"
PATIENCE = 180  # seconds
UNREACHED = "Not audited: the database of vulnerabilities can't be asked from here."
# The last line of what is raised then, by requests or by pip-audit.
_NO_NETWORK = re.compile(r"^(requests\.exceptions\.|pip_audit\.\S*(Connection|Service)Error)")


def main() -> None:
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(LOCK), "--disable-pip"]
    command += ["--format", "json", "--progress-spinner", "off", "--timeout", "10"]
    try:
        ran = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        print(UNREACHED)
        return
    try:
        packages = json.loads(ran.stdout)["dependencies"]
    except ValueError:
        reason = ran.stderr.strip().rpartition("\n")[2]
        if not _NO_NETWORK.match(reason):
            sys.exit(f"pip-audit failed: {reason}")
        print(UNREACHED)
        return
    known = [one for one in packages if "vulns" in one]
    if not known:
        print(UNREACHED)
        return
    print(f"{len(known)} of {len(packages)} locked packages are in the database.")
    weak = [one for one in known if one["vulns"]]
    for one in weak:
        ids = ", ".join(found["id"] for found in one["vulns"])
        fixed = sorted({version for found in one["vulns"] for version in found["fix_versions"]})
        mended = ", ".join(fixed) or "no version"
        print(f"{one['name']} {one['version']}: {ids}; mended in {mended}")
    if weak:
        sys.exit(1)


if __name__ == "__main__":
    main()

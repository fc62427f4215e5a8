"""The chat in the browser: `python app.py`, with the options of `rag ui`."""

from __future__ import annotations

import sys

from rag.cli import main

if __name__ == "__main__":
    sys.argv.insert(1, "ui")
    main()

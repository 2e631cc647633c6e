"""`python -m bridge`, and the program `bridge`."""

from __future__ import annotations

from bridge.cli.program import main

if __name__ == "__main__":
    main()

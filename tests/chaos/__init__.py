"""Chaos: real processes are killed, stopped and starved while events go through; then we count.

`python -m tests.chaos` (or `make chaos`) runs it; see docs/guarantees.md for what it shows.
Nothing of the product is changed for it: `entry.py` starts the same application as `bridge serve`
and arms one kill beforehand.
"""

"""A self-hosted event bridge.

An event is received, verified, stored, matched, acted on, and the result recorded.
Each of these words names the module that does it.
"""

__version__ = "0.1.0"

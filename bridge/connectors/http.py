"""One HTTP client for the process."""

from __future__ import annotations


class HttpClient:
    """The client that every connector is given."""

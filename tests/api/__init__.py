"""The APIs over HTTP, as their callers meet them."""

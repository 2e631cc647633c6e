"""The demo: a sandbox and a bridge as two real processes, and signed samples sent through both.

Promises: what it prints is read back from the store and from the sandbox, never assumed; it waits
for a bounded time and says what did not happen. May not: reach into the processes it started.
"""

"""Everything that answers HTTP: the hooks, health, metrics; later the APIs and the dashboard.

Promises: one table of status codes and one shape of errors; our own trouble is never a 4xx; no
secret stands in an answer or a log line.
May not: decide anything about an event. It reads requests, calls the parts, writes answers.

Question: through what do hooks go? Options: a Starlette route; a plain ASGI function in front of
it; a protocol of our own under uvicorn. Choice: the function, because a route with its Request
object costs half the rate; and in front of it, for deliveries that have arrived whole, a protocol
class on uvicorn's own, because the task and the ASGI messages of a request took a fifth of what
was left. Consequence: `hooks.py` reads the ASGI messages itself, `protocol.py` leaves everything
that is not plain to uvicorn and so to `hooks.py`, and a test sends each kind of request by both
ways. Everything else is ordinary Starlette.
"""

"""Everything that answers HTTP: the hooks, health, metrics; later the APIs and the dashboard.

Promises: one table of status codes and one shape of errors; our own trouble is never a 4xx; no
secret stands in an answer or a log line.
May not: decide anything about an event. It reads requests, calls the parts, writes answers.

Question: through what do hooks go? Options: a Starlette route; a plain ASGI function in front of
it. Choice: the function, because a route with its Request object costs half the rate.
Consequence: `hooks.py` reads the ASGI messages itself; everything else is ordinary Starlette.
"""

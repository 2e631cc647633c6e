"""Stand-ins for the systems the bridge calls, for the demo, the tests and the benchmarks.

They answer as the vendors' own descriptions say, keep everything in memory, and misbehave on
demand. Everywhere they show they say that they are a sandbox. Nothing here may be imported by the
parts that do real work, and nothing here knows rules, sources, connectors or the store: the
sandbox plays the other side, so a mistake made there must not be repeated here by shared code.

Question: how does a stand-in answer fast enough to be the reference server of the benchmarks?
Options: Starlette routes with Request objects; a table of handlers behind a plain ASGI function.
Choice: the table, because routing and Request cost more than the whole in-memory work of a call.
Consequence: Starlette serves only the control endpoints, the index page and the form parser.
"""

"""The dashboard: pages made on the server from what the APIs answer.

Promises: shows only what was recorded; nothing from outside is ever markup (templates escape all,
scripts set text); every page works without a script, and a strict policy forbids those that are not
ours; roles hold as they do for the API.
May not: know more than the API. A page asks an API's own method and lays its answer out.

Question: pages of what? Options: an application of scripts over the API; pages of the server with
a few scripts. Choice: the server's, because they are quick, can be read by any browser and are
tested as text. Consequence: what is live (the list of events, the chart, the editor) is a script
of its own over the same API; `frontend/` bundles them into `bridge/web/static`.
"""

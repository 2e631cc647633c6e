"""A stand-in for Kibana's cases: versions, conflicts, spaces, a search that lags.

It reports every change of a case to the configured webhook targets, the case as its API gives it,
with the name of the event beside it: what an operator's own template in a Kibana workflow sends.
"""

"""A stand-in for TheHive 5: cases, alerts, comments, files, and the queries over them.

The list of cases and alerts lags as the fault `index-lag` says; what is read by its id does not.
Every change is told as an entry of the audit, which is what TheHive's webhooks carry.
"""

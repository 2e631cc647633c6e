"""The systems we call: one file or folder for each, found by `catalogue.py`.

A connector promises to raise nothing but TryAgain and GiveUp, to keep secrets out of every text,
and to look for its own mark before it creates anything a second time. It sees neither the store
nor the rules, and it speaks to the network only through `http.py`.

Decision: where the exchanges of a call are noted.
Question: act.py records each request of a try, and one client serves all tries at once.
Options: a client for each try (loses what the client has learnt); a parameter through every call.
Choice: `HttpClient.trail()`, a context variable that follows the task.
Consequence: connectors know nothing of it; act.py opens a trail around the run.
"""

"""A stand-in for Jira, as Cloud and as Data Center, behind one state per site.

It promises the paths, status codes and shapes that the vendor's OpenAPI descriptions give for what
the bridge calls, and says 404 to the rest. It keeps text as it was sent, never renders it, sends
no mail, and checks no permission but the credentials. Sources: the descriptions of Jira Cloud
platform REST v2 and v3 and of Jira Data Center 10.3, and what the clients `jira` 3.10 and
`atlassian-python-api` 5.0 send; read 2026-11.
"""

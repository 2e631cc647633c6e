"""A stand-in for Confluence: pages with versions, and comments below them.

Cloud's REST v2 (`/wiki/api/v2`) and v1 (`/wiki/rest/api`) and Data Center's (`/rest/api`) show the
same pages. Texts are kept as they were sent, if they are XHTML; nothing is rendered.
"""

"""Sentry's stand-in: the organization `sandbox`, its project `shop`, three issues, comments.

https://docs.sentry.io/api/ and https://docs.sentry.io/organization/integrations/
integration-platform/webhooks/, read 2026-11.
"""

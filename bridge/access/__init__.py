"""Who may do what, and what is kept secret.

Knows no HTTP and no SQL. A secret leaves only through the function that is asked for it by the
name of its record.
"""

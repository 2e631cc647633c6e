"""All SQL, and the promises of durability.

One file per table, the statement beside the function that runs it; a function takes a
transaction, so that its caller decides what is written together. Nothing here knows rules,
connectors or HTTP.

Question: how do many small writes become durable cheaply, with one text for two engines?
Options: aiosqlite (a thread hop a statement), SQLAlchemy, our own writer thread.
Choice: store functions are coroutines over a small `Transaction`. On SQLite the statements do
not really wait, so a whole batch of transactions is driven to its end inside one writer thread:
one hop and one commit for up to 256 of them. On PostgreSQL the same text awaits the driver.
Consequence: a store function awaits nothing but its transaction.
"""

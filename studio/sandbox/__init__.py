"""Sandbox: where queries that a model wrote are run on copies of a user's own databases, and can only read."""

"""Checks: what single rows hold that they should not, and where rows leave the habits of their file."""

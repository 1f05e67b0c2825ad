"""The words of the studio and their rules; standard library and pydantic only."""

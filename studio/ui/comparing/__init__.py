"""Comparing: the parts of the Compare screen."""

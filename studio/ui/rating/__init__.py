"""The parts of the rating page."""

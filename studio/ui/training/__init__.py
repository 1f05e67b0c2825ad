"""The parts of the Train tab, one module each."""

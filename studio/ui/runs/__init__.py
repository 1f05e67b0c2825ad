"""The parts of the Runs tab: what they show of one run, and of several beside each other."""

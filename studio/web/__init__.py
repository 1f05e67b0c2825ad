"""The web process: addresses, headers and gates in front of the screens; no torch, no job state in memory."""

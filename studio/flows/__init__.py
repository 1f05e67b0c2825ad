"""One module per step of the journey; functions only. The screens, the command line and the API call these."""

"""One module per tab of the journey; tabs do not know each other."""

"""Who may do what, at the door: one gate in front of every address, and the pages by which people come in."""

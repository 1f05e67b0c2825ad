"""The parts of the Data tab, one module each: `build` lays it out and wires it, and redraws when `look` changes."""

"""The parts of the Inspect tab, one module each: `build` lays it out and wires it, and redraws when `look` changes."""

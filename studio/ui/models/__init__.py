"""The models of the Recipe tab: `panel` lays out and wires what people do with them, `card` says what one of them is."""

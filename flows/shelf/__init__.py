"""Templates of flows: the shelf they lie on."""

"""The equations, one function each, in the order of the story."""

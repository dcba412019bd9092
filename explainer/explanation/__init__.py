"""One number, one equation: in symbols, with shapes, with its numbers, as LaTeX."""

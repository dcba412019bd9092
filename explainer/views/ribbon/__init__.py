"""A row of tokens."""

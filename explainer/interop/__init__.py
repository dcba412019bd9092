"""Networks for and from elsewhere."""

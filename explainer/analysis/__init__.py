"""What numbers mean, and whether they are right."""

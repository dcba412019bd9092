"""What single chapters show beside the stage."""

"""What the chapters say: one text for the pages of the app and for files."""

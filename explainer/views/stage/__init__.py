"""The network as one picture, drawn in the browser."""

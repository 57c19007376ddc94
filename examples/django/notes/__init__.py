"""Notes on a board."""

"""Notes on a board, kept in PostgreSQL."""

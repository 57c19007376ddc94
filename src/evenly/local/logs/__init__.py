"""Logs on disk: where they are, how they are read, followed and bounded."""

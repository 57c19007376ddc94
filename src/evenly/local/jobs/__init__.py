"""The jobs' states on disk, and as they are told."""

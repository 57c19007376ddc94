"""Secrets: where `.env` keeps them, what a release keeps of them, and what may be told."""

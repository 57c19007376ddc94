"""The findings of `evenly lint`, one module a subject. Reads the folders that a manifest names, runs nothing."""

"""The benchmarks: each a ratio to a peer in the same run, a median of alternating pairs.

`python -m bench` runs all of them, `python -m bench NAME...` some. A run prints a table for each, keeps it in
bench/results/NAME.json and in docs/benchmarks.md, stops by itself, listens on loopback only, and leaves
nothing running.
"""

"""An environment on AWS as a drawing: its topology in, an SVG out. Pure.

    topology -> parts (what is there, in words) -> picture (where it stands, as SVG)

Nothing here decides what is made: the stacks do. A test holds each part to their templates.
"""

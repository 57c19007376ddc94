"""The stacks of an environment: one module each, a pure function from the topology to a template.

A stack comes after those whose outputs it has parameters for, and after those that it names as `after`.
"""

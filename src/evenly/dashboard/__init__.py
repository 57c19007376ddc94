"""The dashboard: one environment, live, on a page of this machine's own. A process of its own, on loopback, behind a
token.

It knows environments by the target's protocol; `__main__` alone says which target that is. Nothing is asked while
nobody looks.
"""

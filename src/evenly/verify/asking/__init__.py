"""One request or one handshake at a time, by every protocol that a service may speak. Touches the network only.

Every wait ends (`PATIENCE_S`), every answer is bounded (`LARGEST_BODY`), and every connection is closed.
"""

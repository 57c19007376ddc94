"""Evenly: a secure, load-balanced web service, evenly spread over two zones, from one small manifest."""

__version__ = "0.1.0"

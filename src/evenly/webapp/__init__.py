"""The reference web service, and the server that runs it or any other ASGI or RSGI application.

It imports nothing of ours and nothing imports it: instances reach it as
`python -m evenly.webapp.server evenly.webapp:app`. Importing this package loads nothing else;
`app` is made when it is asked for, and reads its settings only when a server starts it.
"""


def __getattr__(name: str) -> object:
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from evenly.webapp.service import Service

    return Service()

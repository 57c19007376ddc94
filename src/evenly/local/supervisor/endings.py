"""How a process ended, in words."""

import signal


def ending(code: int | None, after_s: float) -> str:
    """A phrase like `exited with code 3 after 0.4 s`. `code`: negative for a signal, `None` if unknown."""
    if code is None:
        return f"ended after {after_s:.1f} s"
    if code < 0:
        return f"was killed by {_signal_name(-code)} after {after_s:.1f} s"
    return f"exited with code {code} after {after_s:.1f} s"


def crash_facts(what: str, ran_s: float) -> dict[str, str | float]:
    """What the journal says of an end that nobody had asked for. `what`: one word for all of its kind."""
    return {"crashed": what, "ran_s": round(ran_s, 3)}


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"

"""Reports as pages: from the data of a run to one HTML document that needs nothing else, and asks for nothing. Pure.

Whoever only wants to know how a run went asks `headlines`.
"""

from evenly.verify.report.drills import drills_html
from evenly.verify.report.loads import load_html
from evenly.verify.report.verifications import verification_html

__all__ = ["drills_html", "load_html", "verification_html"]

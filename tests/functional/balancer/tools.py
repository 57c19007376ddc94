"""Where `scripts/tools.py` put the programs that the tests run."""

from pathlib import Path

TOOLS = Path(__file__).resolve().parents[3] / ".tools"
SSLYZE = TOOLS / "python" / "bin" / "sslyze"
OBSERVATORY = TOOLS / "observatory"

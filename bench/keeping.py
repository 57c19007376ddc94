"""Where results are kept, and how documents quote them. Touches bench/results and the documents it is given.

A document quotes a result between `<!-- bench: NAME -->` and `<!-- /bench -->`; what stands there is
written by a run, never by hand, and a test holds both to each other.
"""

import json
import re
from dataclasses import asdict
from pathlib import Path

import msgspec

from bench.drawing import plotted
from bench.figures import Report, as_markdown, image

HERE = Path(__file__).parent
RESULTS = HERE / "results"
DOCUMENT = HERE.parent / "docs" / "benchmarks.md"
BLOCK = re.compile(r"<!-- bench: (?P<name>\w+) -->\n(?P<quoted>.*?)<!-- /bench -->", re.DOTALL)


def keep(report: Report, results: Path = RESULTS, document: Path = DOCUMENT) -> None:
    """Write the report, and what the document quotes of it."""
    results.mkdir(exist_ok=True)
    text = json.dumps(asdict(report), indent=2, ensure_ascii=False) + "\n"
    (results / f"{report.name}.json").write_text(text)
    document.write_text(with_quotes(document.read_text(), {report.name: report}))
    if report.findings.plot:
        place = document.parent / image(report.name)
        place.parent.mkdir(exist_ok=True)
        place.write_text(plotted(report.findings.plot))


def kept(results: Path = RESULTS) -> dict[str, Report]:
    """The reports of the last runs, by name."""
    files = sorted(results.glob("*.json"))
    return {file.stem: msgspec.json.decode(file.read_bytes(), type=Report) for file in files}


def with_quotes(document: str, reports: dict[str, Report]) -> str:
    """The document with the blocks of these reports renewed; other blocks stay as they are."""

    def renewed(block: re.Match[str]) -> str:
        report = reports.get(block["name"])
        return _block(report) if report else block[0]

    return BLOCK.sub(renewed, document)


def quoted(document: str) -> set[str]:
    """The names of the results that a document quotes."""
    return {block["name"] for block in BLOCK.finditer(document)}


def _block(report: Report) -> str:
    return f"<!-- bench: {report.name} -->\n{as_markdown(report)}\n<!-- /bench -->"

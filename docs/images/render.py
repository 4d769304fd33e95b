"""Draws the README's picture: runs a report on the test account and writes the terminal's text as an SVG.

    python3 docs/images/render.py target/debug/access-advisor docs/images/report.svg

Needs the standard library only. The same program makes the same picture, byte for byte; a test compares them.
"""

import re
import subprocess
import sys
from pathlib import Path
from xml.sax.saxutils import escape

ROOT = Path(__file__).resolve().parents[2]
ACCOUNT = "arn:aws:iam::111122223333"
SHOWN = [
    "group/admins",
    "group/engineering/developers",
    "policy/archive/OldReporting",
    "role/BreakGlass",
    "role/ci/github-actions-deploy",
    "role/data/pipeline-runner",
    "role/idle-worker",
    "user/ada",
    "user/erin",
    "user/flora",
    "user/legacy/legacy-backup",
]
COMMAND = "access-advisor report --account account.json --trail AWSLogs/"
# The overview, and the first identity in detail.
LINES = 30

CHARACTER, LINE = 8.43, 20
PADDING, BAR = 20, 36
BACKGROUND, TEXT, DIM, PROMPT = "#0d1117", "#e6edf3", "#8b949e", "#7ee787"


def output(program):
    """The report's first lines."""
    arguments = ["--account", "testdata/account.json", "--trail", "testdata/trail", "--now", "2026-11-01T00:00:00Z"]
    for name in SHOWN:
        arguments += ["--arn", f"{ACCOUNT}:{name}"]
    done = subprocess.run([program, "report", *arguments], cwd=ROOT, check=True, capture_output=True, text=True)
    lines = done.stdout.splitlines()
    return [*lines[:LINES], "..."] if len(lines) > LINES else lines


def drawing(lines):
    """The lines as an SVG of a terminal's window."""
    width = round(max(len(line) for line in [COMMAND + "  ", *lines]) * CHARACTER + 2 * PADDING)
    height = BAR + (len(lines) + 2) * LINE + PADDING
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">',
        f'<rect width="{width}" height="{height}" rx="8" fill="{BACKGROUND}"/>',
    ]
    for index, colour in enumerate(["#ff5f57", "#febc2e", "#28c840"]):
        parts.append(f'<circle cx="{PADDING + 6 + 20 * index}" cy="20" r="6" fill="{colour}"/>')
    parts.append(
        '<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, \'DejaVu Sans Mono\', monospace"'
        f' font-size="14" fill="{TEXT}">'
    )
    top = BAR + LINE
    parts.append(f'<text x="{PADDING}" y="{top}" fill="{PROMPT}">$</text>')
    parts.append(text(COMMAND, top, indent=2))
    for index, line in enumerate(lines):
        is_header = line.isupper() or line == "..."
        if line:
            parts.append(text(line, top + (index + 1) * LINE, DIM if is_header else None))
    parts += ["</g>", "</svg>", ""]
    return "\n".join(parts)


def text(line, y, colour=None, indent=0):
    """A line. Each cell has its own place, so that columns are straight in any font."""
    cells = []
    for cell in re.finditer(r"\S+( \S+)*", line):
        x = PADDING + (cell.start() + indent) * CHARACTER
        cells.append(f'<tspan x="{x:.1f}">{escape(cell[0])}</tspan>')
    fill = f' fill="{colour}"' if colour else ""
    return f'<text y="{y}"{fill}>{"".join(cells)}</text>'


def main():
    program, picture = sys.argv[1:]
    Path(picture).write_text(drawing(output(Path(program).resolve())), encoding="utf-8")


main()

# SPDX-License-Identifier: GPL-2.0
"""Bars as an SVG, for light and dark pages alike."""
from xml.sax.saxutils import escape

WIDTH, LEFT, RIGHT = 760, 190, 90
BAR, GAP, BETWEEN, TOP = 14, 3, 14, 44

# The reader's page decides; an image cannot ask it for its colours.
STYLE = """
svg { font: 12px system-ui, sans-serif }
text { fill: #1f2328 }
.page { fill: #ffffff }
.head { font-size: 15px; font-weight: 600 }
.group { font-weight: 600 }
.system { fill: #59636e }
.us { fill: #0969da }
.other { fill: #8c959f }
.axis { stroke: #d1d9e0 }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc }
  .page { fill: #0d1117 }
  .system { fill: #9198a1 }
  .us { fill: #4493f8 }
  .other { fill: #656c76 }
  .axis { stroke: #3d444d }
}
"""


def _text(x, y, words, kind="", anchor="start"):
    return (f'<text x="{x:g}" y="{y:g}" class="{kind}" '
            f'text-anchor="{anchor}">{escape(words)}</text>')


def _bar(y, system, value, scale, us, number):
    length = max(value * scale, 1)
    kind = "us" if system == us else "other"
    return [
        _text(LEFT - 8, y + BAR - 3, system, "system", "end"),
        f'<rect x="{LEFT}" y="{y:g}" width="{length:.1f}" height="{BAR}" '
        f'class="{kind}"/>',
        _text(LEFT + length + 5, y + BAR - 3, number(value))]


def bars(title, groups, us, number):
    """A picture of groups: (name, [(system, value), ...]), one bar each."""
    largest = max(value for _, entries in groups for _, value in entries)
    scale = (WIDTH - LEFT - RIGHT) / max(largest, 1e-9)
    y, out = TOP, []
    for name, entries in groups:
        out.append(_text(8, y + BAR - 3, name, "group"))
        y += BAR + GAP
        for system, value in entries:
            out += _bar(y, system, value, scale, us, number)
            y += BAR + GAP
        y += BETWEEN
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" '
        f'height="{y}" viewBox="0 0 {WIDTH} {y}" role="img">',
        f"<title>{escape(title)}</title>", f"<style>{STYLE}</style>",
        f'<rect class="page" width="{WIDTH}" height="{y}"/>',
        _text(8, 24, title, "head"),
        f'<line class="axis" x1="{LEFT}" x2="{LEFT}" y1="{TOP - 6}" '
        f'y2="{y - BETWEEN}"/>', *out, "</svg>\n"])

"""The page's frame and its looks. No script, no font, no image: nothing is fetched."""

_CSS = """
:root { color-scheme: light dark; --paper: #fbfbf9; --card: #fff; --ink: #1d2126; --muted: #6b7280;
  --rule: #e3e4e0; --comfort: #dcefe0; --event: #f3c64c3d; --limit: #c2410c; --good: #2f9e63; --bad:
  #d9653b; --hvac: #2f6fde; --water_heater: #e0802f; --ev: #7c55cf; --battery: #14988a; --dryer:
  #c94f82; --range: #a05a33; --lights: #e0b61c; --fridge: #64a5d6; --outlets: #868c96; --pv: #4aa84a; }
@media (prefers-color-scheme: dark) { :root { --paper: #14171a; --card: #1c2024; --ink: #e8eaed;
  --muted: #9aa2ad; --rule: #30363c; --comfort: #1f3a2a; --event: #d9a92b33; --limit: #f0803f; --good:
  #3fb877; --bad: #e57a50; --hvac: #5b93f5; --water_heater: #ef9a50; --ev: #a184ea; --battery: #2fb8a8;
  --dryer: #e073a2; --range: #c07c52; --lights: #e8c743; --fridge: #86bfe8; --outlets: #a2a8b1; --pv:
  #65c065; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 1040px; margin: 0 auto; padding: 28px 20px 60px; }
h1 { font-size: 26px; line-height: 1.2; margin: 0; }
h2 { font-size: 18px; margin: 36px 0 12px; }
header p, .note, small { color: var(--muted); }
header p { margin: 4px 0 22px; }
.note { font-size: 13px; margin: 6px 0 0; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(140px, 1fr)); gap: 10px; }
.tiles div, figure, .wide, .energy { background: var(--card); border: 1px solid var(--rule);
  border-radius: 10px; }
.tiles div { padding: 12px 14px; }
.tiles b { display: block; font-size: 13px; font-weight: 500; color: var(--muted); }
.tiles strong { display: block; font-size: 24px; line-height: 1.25; font-variant-numeric: tabular-nums;
  white-space: nowrap; }
.tiles small { font-size: 12.5px; }
figure { margin: 0 0 14px; padding: 14px 16px 12px; }
figcaption { font-weight: 600; margin-bottom: 14px; }
figcaption small { font-weight: 400; margin-left: 4px; }
.frame { display: grid; grid-template: 230px 22px / 36px 1fr; }
.frame svg { width: 100%; height: 100%; overflow: visible; grid-area: 1 / 2; }
.y, .x { position: relative; font-size: 12px; color: var(--muted); font-variant-numeric: tabular-nums; }
.y span { position: absolute; right: 8px; transform: translateY(50%); line-height: 1; }
.x { grid-area: 2 / 2; }
.x span { position: absolute; top: 5px; transform: translateX(-50%); white-space: nowrap; }
.x .last { transform: translateX(-100%); }
.grid, .zero, .line { fill: none; vector-effect: non-scaling-stroke; }
.grid { stroke: var(--rule); }
.zero { stroke: var(--muted); }
.line { stroke-width: 1.6; stroke-linejoin: round; }
.line.dashed { stroke-width: 1.4; stroke-dasharray: 5 4; }
.comfort { fill: var(--comfort); }
.event { fill: var(--event); }
.legend { display: flex; flex-wrap: wrap; gap: 3px 16px; list-style: none; margin: 8px 0 0; padding: 0 0
  0 36px; font-size: 13px; }
.legend i { display: inline-block; width: 14px; margin-right: 6px; vertical-align: middle; }
i.area { height: 10px; border-radius: 3px; background: var(--c); }
i.line { border-top: 2px solid var(--c); }
i.dashed { border-top: 2px dashed var(--c); }
.wide { overflow-x: auto; margin-bottom: 14px; }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
th, td { padding: 7px 12px; text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums;
  }
th:first-child, td:nth-child(2), thead th:nth-child(2) { text-align: left; }
th { font-weight: 500; }
thead th { color: var(--muted); font-size: 13px; }
tr + tr > *, thead + tr > *, tbody tr > * { border-top: 1px solid var(--rule); }
.energy td:nth-child(2), .energy thead th:nth-child(2) { text-align: right; width: 6em; }
.energy { overflow: hidden; }
.bar { width: 55%; }
.bar i { display: block; height: 10px; min-width: 2px; border-radius: 3px; background: var(--c); }
@media (max-width: 560px) { main { padding: 20px 12px 40px; } figure { padding: 12px 10px; } .frame {
  grid-template: 190px 22px / 30px 1fr; } .legend { padding-left: 0; } .x .odd { display: none; } th, td
  { padding: 7px 8px; } .bar { width: 35%; } .tiles { grid-template-columns: 1fr 1fr; } .tiles strong {
  font-size: 21px; } }
"""

PAGE = (
    """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><style>"""
    + _CSS.replace("{", "{{").replace("}", "}}")
    + """</style></head>
<body><main><header><h1>{title}</h1><p>{subtitle}</p></header>
{body}
</main></body></html>
"""
)

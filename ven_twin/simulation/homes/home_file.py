"""Writes a house file of tables: TOML, one key a line."""

from collections.abc import Mapping, Sequence

from ven_twin.simulation.fitting.house_file import toml_text

Value = str | bool | int | float | None | Sequence[str] | Sequence[float]
TomlTable = Mapping[str, "Value | TomlTable | Sequence[TomlTable]"]


def house_file(table: TomlTable, comment: str) -> str:
    """The text of *table*, under a *comment* of any number of lines."""
    head = "".join(f"# {line}\n" for line in comment.splitlines())
    return head + "\n".join(_lines(table, ())) + "\n"


def _lines(table: TomlTable, path: tuple[str, ...]) -> list[str]:
    lines, below = [], []
    for key, value in table.items():
        if value is None:
            continue
        if isinstance(value, Mapping):
            inner = (*path, key)
            # A table of tables alone needs no header of its own.
            header = (
                []
                if all(isinstance(one, Mapping) for one in value.values())
                else ["", f"[{'.'.join(inner)}]"]
            )
            below += [*header, *_lines(value, inner)]
        elif isinstance(value, list):
            for one in value:
                below += ["", f"[[{'.'.join((*path, key))}]]", *_lines(one, (*path, key))]
        else:
            lines.append(f"{key} = {_value(value)}")
    return lines + below


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return toml_text(value)
    if isinstance(value, tuple):
        return "[" + ", ".join(_value(one) for one in value) + "]"
    if isinstance(value, float):
        return f"{value:.4f}".rstrip("0").rstrip(".") if value != round(value, 0) else f"{value:.1f}"
    return str(value)

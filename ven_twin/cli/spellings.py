"""The names of options' values in the help, and old spellings that go on to work. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_VALUES: Mapping[str, str] = {
    "DURATION": "--duration --for --mean --house-span --randomize-start --load"
    " --timeout --wait --refresh --report-interval --batch --webhook-link-after --grace --vtn-poll"
    " --vtn-called-poll",
    "TIME": "--start --house-start",
    "DATE": "--first-day",
    "POWER": "--shed-kw --load-up-kw --import-limit-kw",
    "INTERVAL": "--interval",
    "LEVEL": "--level",
    "EVENT": "--event",
    "BASELINE": "--baseline",
    "CALENDAR": "--holidays",
    "VEN|GROUP": "--target",
    "VENS": "--vens",
    "ID": "--event-id --id --client-id",
    "FILE": "--html --csv --tariff --code-file --web-token-file --secret-file --webhook-secret-file --result"
    " --home-assistant-ca --callback-ca --client-secret-file --vtn-ca --vtn-callback-cert"
    " --vtn-callback-key --meter --indoor --weather --report"
    " --prices",
    "FOLDER": "--certs --claim --state",
    "PATH": "--out",
    "STAGE": "--stage",
    "NAME": "--profile --region --secret --program --name --queue --vtn-program",
    "ROLE": "--role",
    "SCOPE": "--scope",
    "KIND": "--kind --allocation --climate --heating --conditions --vtn-resources",
    "URL": "--api --home-assistant --webhook --vtn --vtn-callback-url",
    "HOST": "--endpoint --web-host --vtn-callback-host",
    "PORT": "--port --mqtt-port --gateway-port --vtn-callback-port",
    "VERSION": "--mqtt",
    "HOUSE": "--house",
    "HOUSES": "--houses",
    "OPERATION": "--op",
    "JSON": "--data",
    "CASES": "--only",
    "FACTOR": "--house-speed",
    "MB": "--outbox-mb",
    "HOURS": "--utc-offset",
    "N": "--seed --house-seed --rows --days --past-days --check-days --homes --priority --events --count"
    " --processes --latest",
    "I/N": "--shard",
    "SHELL": "--install-completion --show-completion",
}
METAVARS: Mapping[str, str] = {name: value for value, names in _VALUES.items() for name in names.split()}
"""The name of an option's value, by the option: one name wherever it stands."""

_PAGE = {"--web-port": "--port"}
OLD_SPELLINGS: Mapping[str, Mapping[str, str]] = {
    "up": {**_PAGE, "--json": "--result"},
    "run": _PAGE,
    "can-hold": {"--kw": "--shed-kw", "--minutes": "--for"},
    "simulate": {"--start": "--first-day", "--houses": "--homes"},
    "fit": {"--csv": "--meter"},
    "claim": {"--port": "--mqtt-port"},
    "conform": {"--event": "--duration"},
    "prove": {"--event": "--duration"},
    "start": {"--weather": "--conditions"},
}
"""Options by an earlier name, by the command: scripts go on to work, the help has the new name."""
VEN_OPTION = "--ven-id"
"""Until 0.1 a VEN's id was an option; it is an argument."""
_UNITS = {"--minutes": "m"}
"""The unit of a value that an earlier option took as a bare number."""


def modern(command: str, arguments: Sequence[str], *, takes_ven: bool) -> list[str]:
    """*arguments* with every old spelling as it is written now.

    Args:
        command: the command's own name.
        arguments: as they were typed.
        takes_ven: whether the command has VENs as arguments.
    """
    names = OLD_SPELLINGS.get(command, {})
    written: list[str] = []
    rest = iter(arguments)
    for word in rest:
        if word == "--":
            return [*written, word, *rest]
        option, equals, value = word.partition("=")
        if not (option in names or (takes_ven and option == VEN_OPTION)):
            written.append(word)
            continue
        values = [value] if equals else list(filter(None, [next(rest, None)]))
        values = [f"{value}{_UNITS.get(option, '')}" for value in values]
        written += values if option == VEN_OPTION else [names[option], *values]
    return written

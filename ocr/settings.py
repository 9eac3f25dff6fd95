"""What the program is told when it starts, all of it in environment variables."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ocr import limits

DEFAULT_MODELS = Path(sys.prefix, "share", "ocr-models")
"""Where set-up lays the models out: in the environment, as they belong to its packages."""
MODELS = {"paddleocr": ("tiny", "small"), "rapidocr": ("small",)}
"""Models each engine can be told to use; the first is its default."""


class SettingsError(Exception):
    """A variable holds what it can't."""


@dataclass(frozen=True, slots=True)
class Settings:
    """One process's settings; docs/ocr.md explains each."""

    engine: str = "paddleocr"
    model: str = "tiny"
    models_dir: Path = DEFAULT_MODELS
    media_root: Path = Path("var/media")
    queue_max: int = 8
    """Requests that may wait while one is read."""
    time_limit_s: float = 30.0
    """Processor time for reading one document."""

    @property
    def page_limit_s(self) -> float:
        return self.time_limit_s * limits.PAGE_TIME_SHARE

    @property
    def reader_bytes_max(self) -> int:
        """What the reader may hold in memory."""
        if self.model == MODELS["paddleocr"][0]:
            return limits.READER_BYTES_MAX
        return limits.OTHER_READER_BYTES_MAX


def from_environment(environment: Mapping[str, str] = os.environ) -> Settings:
    """Raises: SettingsError, which names the variable and what it may hold."""
    engine = environment.get("OCR_ENGINE") or "paddleocr"
    if engine not in MODELS:
        raise SettingsError(f"OCR_ENGINE is {engine!r}; it may be {_words(MODELS)}.")
    model = environment.get("OCR_MODEL") or MODELS[engine][0]
    if model not in MODELS[engine] and not _is_a_name(model):
        raise SettingsError(f"OCR_MODEL is {model!r}; it may hold letters, digits, _ and -.")
    if engine == "rapidocr" and model not in MODELS[engine]:
        raise SettingsError(f"OCR_MODEL is {model!r}; rapidocr brings {_words(MODELS[engine])}.")
    return Settings(
        engine=engine,
        model=model,
        models_dir=Path(environment.get("OCR_MODELS_DIR") or DEFAULT_MODELS).absolute(),
        media_root=Path(environment.get("OCR_MEDIA_ROOT") or "var/media").absolute(),
        queue_max=int(_number(environment, "OCR_QUEUE_MAX", 8, least=0, most=100)),
        time_limit_s=_number(environment, "OCR_TIME_LIMIT_S", 30, least=1, most=600),
    )


def _number(
    environment: Mapping[str, str], name: str, default: float, *, least: float, most: float
) -> float:
    text = environment.get(name) or str(default)
    try:
        value = float(text)
    except ValueError:
        value = least - 1
    if not least <= value <= most:
        raise SettingsError(f"{name} is {text!r}; it may be {least:g} to {most:g}.")
    return value


def _is_a_name(model: str) -> bool:
    return model.replace("_", "").replace("-", "").isalnum() and model.isascii()


def _words(choices: Mapping[str, object] | tuple[str, ...]) -> str:
    return " or ".join(choices)

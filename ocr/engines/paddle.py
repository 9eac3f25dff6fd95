"""PaddleOCR on ONNX Runtime: models from a local folder, one thread, pages turned upright first."""

from pathlib import Path

from paddleocr import PaddleOCR

from ocr.engines import folders
from ocr.engines.contract import Box, Piece, Pixels, Reading

DETECTION_PIXELS_MAX = 1_300_000
"""Pages are made smaller to find their lines, which are then read at full size: an A4 page at
150 dpi took 0.1 to 0.2 s and over 100 MB less, with as few errors."""
UNCLIP_RATIO = 1.7
"""How far a line's frame is widened around its letters. 1.5 split words of a wide typeface in our
pictures, 1.7 glued a few; on others they came out even."""


class PaddleEngine:
    """Needs PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK in the environment, or it looks for model hubs.

    Two threads were slower than one on shared cores, and ONNX Runtime's memory arena keeps the
    peak for good (1.4 GB after A4 pages, against 0.5 GB without it, at the same speed).
    """

    name = "paddleocr"

    def __init__(self, model: str, models_dir: Path) -> None:
        self.model = model
        orientation, detection, recognition = folders(model)
        self._ocr = PaddleOCR(
            doc_orientation_classify_model_name=orientation,
            doc_orientation_classify_model_dir=str(models_dir / orientation),
            text_detection_model_name=detection,
            text_detection_model_dir=str(models_dir / detection),
            text_recognition_model_name=recognition,
            text_recognition_model_dir=str(models_dir / recognition),
            text_recognition_batch_size=1,
            use_doc_orientation_classify=True,
            use_doc_unwarping=False,
            use_textline_orientation=False,
            engine="onnxruntime",
            device="cpu",
            engine_config={"intra_op_num_threads": 1, "enable_cpu_mem_arena": False},
        )

    def read(self, pixels: Pixels) -> Reading:
        found = self._ocr.predict(
            pixels,
            text_det_limit_type="max",
            text_det_limit_side_len=_detection_side(*pixels.shape[:2]),
            text_det_unclip_ratio=UNCLIP_RATIO,
        )[0]
        pieces = [
            Piece(text, _box(polygon), float(score))
            for text, polygon, score in zip(
                found["rec_texts"], found["rec_polys"], found["rec_scores"], strict=True
            )
        ]
        return Reading(pieces, int(found["doc_preprocessor_res"]["angle"]) % 360)


def _detection_side(height: int, width: int) -> int:
    """The longest side that keeps the area within its limit."""
    shrunk = min(1.0, (DETECTION_PIXELS_MAX / (height * width)) ** 0.5)
    return max(1, int(max(height, width) * shrunk))


def _box(polygon: Pixels) -> Box:
    first, second, third, fourth = ((float(x), float(y)) for x, y in polygon)
    return first, second, third, fourth

"""RapidOCR on ONNX Runtime, with the models of its own package."""

from rapidocr import RapidOCR

from ocr.engines.contract import Box, Piece, Pixels, Reading


class RapidEngine:
    """Its classifier of text angles stays off: it turns long upright lines upside down."""

    name = "rapidocr"
    model = "small"

    def __init__(self) -> None:
        self._ocr = RapidOCR(
            params={
                "Global.use_cls": False,
                "Global.log_level": "warning",
                "EngineConfig.onnxruntime.intra_op_num_threads": 1,
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
                "EngineConfig.onnxruntime.enable_cpu_mem_arena": False,
            }
        )

    def read(self, pixels: Pixels) -> Reading:
        found = self._ocr(pixels, use_cls=False)
        if found.boxes is None or found.txts is None:
            return Reading([], 0)
        pieces = [
            Piece(text, _box(polygon), float(score))
            for text, polygon, score in zip(found.txts, found.boxes, found.scores, strict=True)
        ]
        return Reading(pieces, 0)


def _box(polygon: Pixels) -> Box:
    first, second, third, fourth = ((float(x), float(y)) for x, y in polygon)
    return first, second, third, fourth

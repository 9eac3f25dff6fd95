"""The sizes a page may have, checked before any of it is decoded or drawn."""

from ocr import limits, problems


def check_sides(
    width: int, height: int, place: str, pixels_max: int = limits.IMAGE_PIXELS_MAX
) -> None:
    """Sides in pixels. Raises: Refused (too many pixels, too long, too narrow)."""
    if width * height > pixels_max:
        raise problems.too_many_pixels(width, height, place, pixels_max)
    if max(width, height) > limits.SIDE_PIXELS_MAX:
        raise problems.too_long_side(width, height, place)
    if max(width, height) > limits.SIDES_RATIO_MAX * min(width, height):
        raise problems.too_narrow(width, height, place)

"""Upper bounds of one request; what lies above is refused before anything is decoded."""

MEGABYTE = 1024 * 1024

FILE_BYTES_MAX = 20 * MEGABYTE
BODY_BYTES_MAX = FILE_BYTES_MAX * 4 // 3 + MEGABYTE
"""A file of the largest size in base64, with its wrapping."""
IMAGE_PIXELS_MAX = 25_000_000
PAGES_MAX = 20
PDF_PICTURE_PIXELS_MAX = 40_000_000
"""A picture inside a PDF; A4 scanned at 600 dpi has 35 million, in one colour."""
PDF_OBJECTS_LOOKED_AT_MAX = 20_000
PDF_CHARACTERS_MAX = 200_000
"""Characters of one page's text layer."""
READ_PIXELS_MAX = 4_000_000
"""Larger pages are made smaller before an engine reads them: its memory grows with the area."""
SHORTEST_SIDE_PIXELS = 8
SCORE_MIN = 0.6
"""Pieces below it are left out: icons and ornaments that look like letters."""
LINES_MAX = 5_000
"""Lines of one page."""

CHILD_MEMORY_BYTES_MAX = 2_048 * MEGABYTE
"""Address space of the process that decodes and reads."""
FRAME_BYTES_MAX = 64 * MEGABYTE
"""One message between the service and its reader."""
START_LIMIT_S = 60.0
"""From starting a reader to its first word."""
WAIT_FOR_READER_S = 30.0
"""How long a request waits for a reader that is starting."""
RESTART_PAUSE_S_MAX = 5.0

"""Upper bounds of one request; what lies above is refused before anything is decoded."""

MEGABYTE = 1024 * 1024

FILE_BYTES_MAX = 20 * MEGABYTE
HEAD_BYTES = 2_048
"""What is looked at to tell a file's kind."""
BODY_BYTES_MAX = FILE_BYTES_MAX * 4 // 3 + MEGABYTE
"""A file of the largest size in base64, with its wrapping."""
IMAGE_PIXELS_MAX = 25_000_000
WEBP_PIXELS_MAX = 12_500_000
"""Its decoder holds several copies of the whole picture: 700 MB for 25 million pixels."""
SIDE_PIXELS_MAX = 12_000
SIDES_RATIO_MAX = 200
"""No page is that many times as long as it is wide; drawn to size, nothing would be readable."""
PAGES_MAX = 20
PDF_PICTURE_PIXELS_MAX = 40_000_000
"""A picture inside a PDF; A4 scanned at 600 dpi has 35 million, in one colour."""
PDF_JPEG2000_PIXELS_MAX = 10_000_000
"""Its decoder holds four bytes for each colour of each pixel, twice."""
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
DOCUMENT_LINES_MAX = 10_000

BODY_LIMIT_S = 30.0
"""From a request's head to the end of its body."""
PAGE_TIME_SHARE = 0.5
"""How much of a document's time one page may take."""
BUSY_TIMES = 8
"""Reading is limited by processor time. On a busy machine a page may pass that many times the
document's time on the clock, so that nobody waits for ever: 240 s by default, in which a process of
the lowest priority gets 3 s of a processor that another one never leaves."""
STILL_S = 30.0
"""A reader that gets no processor time at all for so long hangs; the busiest machine gives some."""
LOOK_AT_TIME_S = 0.1

READER_BYTES_MAX = 540 * MEGABYTE
"""What the reader may hold at once with the default model; A4 pages take 450 MB. With the service
beside it the whole program stays below 650 MB."""
OTHER_READER_BYTES_MAX = 1_024 * MEGABYTE
"""The same for larger models and the second engine."""
READER_HEAP_EXTRA_BYTES = 110 * MEGABYTE
"""The system lets a reader ask for that much more than it may hold: some of what it asks for is
never touched. It ends a burst that comes between two looks at what it holds."""
READER_RESTING_BYTES_MAX = 400 * MEGABYTE
"""A reader that holds more than this between two pages is replaced; 230 MB are usual."""
LOOK_AT_MEMORY_S = 0.01
SERVICE_BLOCK_BYTES = 256 * 1024
"""Larger blocks of the service go back to the system at once."""
FRAME_BYTES_MAX = 16 * MEGABYTE
"""One message between the service and its reader."""
START_LIMIT_S = 60.0
"""Processor time from starting a reader to its first word; 2 s are usual."""
START_STILL_S = 120.0
"""A start without any processor time for so long hangs; a slow disk lets it have some."""
WAIT_FOR_READER_S = 30.0
"""How long a request waits for a reader that is starting."""
RESTART_PAUSE_S_MAX = 5.0

"""Upper bounds of everything the sandbox keeps or accepts, each with a name."""

LEDGER_ROWS_MAX = 2_000_000
LEDGER_PAGE_MAX = 10_000
MESSAGES_MAX = 200_000
"""Messages kept for look-ups, over all sessions; the oldest go first. The ledger keeps all."""
SESSIONS_MAX = 2_000
SESSION_NAME_CHARS_MAX = 54
"""WAHA: 64 minus the length of its own prefix `waha_noweb`."""
GROUPS_PER_SESSION_MAX = 1_000
PARTICIPANTS_MAX = 1_024
PEOPLE_MAX = 500_000
HISTORY_PAGE_MAX = 1_000
BODY_BYTES_MAX = 52_428_800
"""WAHA answers 500 (not 413) beyond 50 MiB."""
MEDIA_FILE_BYTES_MAX = 40 * 1024 * 1024
MEDIA_TOTAL_BYTES_MAX = 128 * 1024 * 1024
WEBHOOKS_WAITING_MAX = 200_000
WEBHOOK_ANSWER_TIMEOUT_S = 100.0
"""A receiver that never answered was asked a second time after 102 s (measured)."""
RULES_MAX = 200
SUBSCRIBERS_MAX = 50
SUBSCRIBER_EVENTS_MAX = 2_000
FAULT_SECONDS_MAX = 3_600.0

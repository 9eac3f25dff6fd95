"""POST /hooks/<token>: other programs start a flow, and may be answered by it."""

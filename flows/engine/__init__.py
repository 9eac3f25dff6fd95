"""The pure engine: a document becomes a plan, and a run walks along it step by step."""

"""Flow documents: their schema, checks, versions, templates and the pure engine."""

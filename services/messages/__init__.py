"""The one ledger of sends and the claim of a lane."""

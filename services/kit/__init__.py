"""What every service stands on: database, settings, errors, clock."""

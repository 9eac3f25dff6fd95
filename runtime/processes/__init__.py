"""The processes of an installation, and the supervisor that runs them on one machine."""

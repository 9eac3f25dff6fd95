"""The HTTP of the sandbox: WAHA's own routes and those of the simulator."""

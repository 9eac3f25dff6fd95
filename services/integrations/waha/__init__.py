"""WAHA, the WhatsApp engine: a pure protocol, a fast sender, a client for all other calls."""

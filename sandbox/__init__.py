"""A WAHA that needs no WhatsApp: its HTTP, its webhooks and a phone on a web page."""

"""WhatsApp numbers, their servers, health and lanes."""

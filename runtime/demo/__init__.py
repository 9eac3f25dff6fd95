"""The demo: a small shop, its simulator phones, and one broadcast before everybody's eyes."""

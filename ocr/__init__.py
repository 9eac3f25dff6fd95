"""Reads the text of images and PDFs: a program of its own, with an environment of its own."""

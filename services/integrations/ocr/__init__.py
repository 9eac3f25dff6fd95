"""The program that reads text in images and PDFs, as the product calls it."""

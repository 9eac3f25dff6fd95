"""The library of files that a tenant sends and has received."""

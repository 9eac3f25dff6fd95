"""Files that messages carry: a folder a tenant, below one root that every process can read."""

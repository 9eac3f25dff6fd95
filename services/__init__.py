"""The product: one folder a resource."""

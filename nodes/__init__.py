"""What a node is, and every node."""

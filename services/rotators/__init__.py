"""Links that share their visitors among several numbers, and their clicks."""

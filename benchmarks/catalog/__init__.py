"""A catalog at a city's size: how a portal starts with it, shows its schema, and finds in it."""

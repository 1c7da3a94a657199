"""The profiles of the regulations, as data."""

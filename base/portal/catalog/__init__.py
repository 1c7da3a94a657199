"""Catalog entries, information items, codes and their conformity."""

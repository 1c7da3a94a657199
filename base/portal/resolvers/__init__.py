"""Enforcement points: root fields, one module a noun."""

"""Tripartite agreements and their signatures."""

"""Audit records, their chain, checkpoints and verification."""

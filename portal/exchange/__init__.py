"""Bulk transfer: whole results as files, decided and recorded part by part."""

"""Verifies an audit log, evidence from it and receipts, without any code of the portal that wrote them."""

"""Certificates of the government CA: what they must be, whom they lead to, and what was revoked (T23)."""

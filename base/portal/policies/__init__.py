"""Policy records, decisions, and the decision point (Casbin inside)."""

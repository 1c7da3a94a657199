"""Drafts of catalog entries, proposed from the tables that departments keep as files (`portal new`)."""

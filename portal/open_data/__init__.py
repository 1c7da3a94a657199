"""Open data for people and machines that have no GraphQL: descriptions, feeds and pages of what the public may read."""

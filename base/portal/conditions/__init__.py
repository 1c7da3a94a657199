"""The one condition language of client filters, policy scopes and attribute tests: tree, meaning, reading."""

"""The administration point (PAP): changes of what decisions rest on, drafted by one person, approved by another."""

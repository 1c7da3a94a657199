"""What may be wrong with an installation: each check looks at one thing, changes nothing, and says how to mend it."""

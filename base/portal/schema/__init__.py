"""GraphQL types: static ones and those generated from the catalog; no I/O."""

"""Reading, checking, loading and writing bundles."""

"""What a request costs over HTTP: the portal against endpoints that others would write, on the same rows."""

"""The todo backend: one domain, three doors."""

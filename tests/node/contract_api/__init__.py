"""The contracts' typed services: complete, bounded, and not trusted by the client."""

"""What lies on disk: which files a project may name. Knows paths, and nothing of what stands in them."""

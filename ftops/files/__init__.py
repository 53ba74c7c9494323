"""What lies on disk: which files a project may name, and how private ones are written. Knows no content."""

"""What lies on disk: which files a project may name. Knows paths, but nothing of what is in the files."""

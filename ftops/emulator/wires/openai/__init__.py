"""The `/fine_tuning/jobs` format."""

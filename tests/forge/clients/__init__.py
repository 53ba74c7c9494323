"""Scripts that real clients of the forges drive the stub with, each run in the clients' own environment."""

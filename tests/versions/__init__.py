"""Part of the suite on the lowest versions that pyproject.toml declares, and on the other Pythons."""

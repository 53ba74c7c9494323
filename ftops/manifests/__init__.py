"""YAML in, model out. Knows files and schemas; asks no network and decides nothing."""

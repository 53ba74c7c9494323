"""The wire formats that the emulator speaks, one folder each, and what they share."""

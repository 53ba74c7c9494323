"""The wire formats that the emulator speaks, a folder each, and what they share."""

"""The wire format of Together AI."""

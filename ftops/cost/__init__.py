"""What will this plan cost? Pure. An unknown cost is None, never zero."""

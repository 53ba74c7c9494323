"""Parse, call once, print, exit (the only click imports)."""

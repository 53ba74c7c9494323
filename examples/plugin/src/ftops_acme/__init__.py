"""Acme for ftops: a package of one dialect. ftops finds it by its entry point."""

"""Reconcile again and again, until there is nothing left to wait for."""

"""What goes on over time: rounds of reconcile, again and again, and the events of a job to its end."""

"""May this plan be applied? Pure: a plan and limits in, violations out."""

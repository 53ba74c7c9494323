"""What is drawn for browsers, looked at in one."""

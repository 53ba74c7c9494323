"""The recipes of docs and examples, run as CI and cron would run them."""

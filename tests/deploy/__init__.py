"""What `deploy/` and the Containerfile hand out: held to laws, looked at by the tools of others, and run."""

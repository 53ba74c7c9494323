"""What `deploy/` and the Containerfile hand out: held to their laws, looked at by the tools of others, and run."""

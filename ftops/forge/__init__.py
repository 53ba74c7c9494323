"""Comments on pull requests at GitHub and GitLab: whose, which, and never two. Knows no plan, only text."""

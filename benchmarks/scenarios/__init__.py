"""What is measured, one module a scenario: each yields the runs of its cases as soon as it has them."""

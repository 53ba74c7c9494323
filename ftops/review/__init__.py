"""What a reviewer must know of a plan and consents to: rules, cost, selection, approval, freshness. Pure."""

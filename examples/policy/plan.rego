# Rules over `ftops plan --format json`, for OPA and Conftest:
#
#   ftops plan --format json > plan.json
#   conftest test --policy examples/policy plan.json

package main

import rego.v1

# What is paid for: now, and what follows later.
trained contains job if {
	some change in input.changes
	change.action in {"create", "replace"}
	job := {"name": change.name, "labels": change.labels, "cost": change.estimated_cost}
}

trained contains job if {
	some change in input.changes
	change.then != null
	job := {"name": change.name, "labels": change.labels, "cost": change.then.estimated_cost}
}

deny contains message if {
	some job in trained
	not job.labels.team
	message := sprintf("%s: no label says which team pays", [job.name])
}

deny contains message if {
	some job in trained
	job.cost == null
	message := sprintf("%s: its cost is unknown", [job.name])
}

deny contains message if {
	some job in trained
	job.cost.high > 20
	message := sprintf("%s: it may cost $%v, more than $20", [job.name, job.cost.high])
}

warn contains message if {
	input.summary.stopped > 0
	message := sprintf("%v running jobs would be stopped", [input.summary.stopped])
}

deny contains message if {
	not input.complete
	message := "a provider could not be listed to the end"
}

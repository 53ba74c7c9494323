"""The laws of what runs in a cluster."""

from __future__ import annotations

import re

import click
import pytest

from ftops.controller.health import Health
from ftops.controller.listen_address import listen_address
from ftops.controller.serving import health_answers
from ftops.state.registry import REQUIRE_SHARED
from tests.conftest import REPOSITORY
from tests.deploy.pods import (
    KUBERNETES,
    Object,
    containers,
    controller,
    cron_job,
    documents,
    environment,
    expanded,
    main_container,
    manifests,
    of_kind,
    pods,
    settings,
    understood,
)

BOTH = pytest.mark.parametrize("pod", pods().values(), ids=pods().keys())
SECRET_NAMES = re.compile(r"KEY|TOKEN|PASSWORD|SECRET|CREDENTIAL", re.IGNORECASE)
AN_HOUR = 3600


@BOTH
def test_a_pod_has_no_right_that_it_does_not_need(pod: Object) -> None:
    spec = pod["spec"]
    assert spec["automountServiceAccountToken"] is False
    assert not spec.keys() & {"hostNetwork", "hostPID", "hostIPC"}
    told = spec["securityContext"]
    assert told["runAsNonRoot"] is True
    assert told["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in containers(pod):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert {"memory"} <= container["resources"]["limits"].keys()
        assert {"cpu", "memory"} <= container["resources"]["requests"].keys()
    assert {next(iter(volume.keys() - {"name"})) for volume in spec["volumes"]} == {"emptyDir", "secret"}


@BOTH
def test_both_pods_run_as_the_user_of_the_image(pod: Object) -> None:
    (uid,) = re.findall(r"^USER (\d+):\d+$", (REPOSITORY / "Containerfile").read_text(), re.MULTILINE)
    told = pod["spec"]["securityContext"]
    assert {told[name] for name in ("runAsUser", "runAsGroup", "fsGroup")} == {int(uid)}


def test_the_account_hands_out_no_token() -> None:
    (account,) = of_kind("ServiceAccount")
    assert account["automountServiceAccountToken"] is False
    assert {pod["spec"]["serviceAccountName"] for pod in pods().values()} == {account["metadata"]["name"]}


@BOTH
def test_images_are_named_by_an_exact_tag(pod: Object) -> None:
    (image,) = {container["image"] for container in containers(pod)}
    assert re.fullmatch(r"[\w.-]+(/[\w.-]+)+:\d+\.\d+\.\d+", image)


@BOTH
def test_what_is_secret_is_named_and_never_written(pod: Object) -> None:
    for container in containers(pod):
        for one in container.get("env", []):
            literal = "value" in one and not one["name"].startswith("GIT_CONFIG_")
            assert not literal, f"{one['name']} is written out"
    assert {"secretRef": {"name": "ftops"}} in main_container(pod)["envFrom"]
    assert not [name for name in settings() if SECRET_NAMES.search(name)]


def test_the_secrets_of_the_example_have_no_values_and_reach_no_cluster() -> None:
    example = KUBERNETES / "secret.example.yaml"
    secrets = documents(example)
    assert {one["metadata"]["name"] for one in secrets} == {"ftops", "ftops-git"}
    for secret in secrets:
        assert set(secret["stringData"].values()) == {""}
        assert "data" not in secret
    for path in KUBERNETES.rglob("kustomization.yaml"):
        assert example.name not in path.read_text()


@BOTH
def test_arguments_are_what_the_command_line_understands(pod: Object) -> None:
    container = main_container(pod)
    told = understood(expanded(container["args"], environment(container)))
    assert told["once"] is ("startupProbe" not in container)
    with pytest.raises(click.NoSuchOption):
        understood([*expanded(container["args"], environment(container)), "--no-such-option"])


def test_probes_ask_for_paths_that_are_served_at_the_port_where_it_listens() -> None:
    container = main_container(pods()["controller"])
    served = health_answers(Health(300.0, lambda: 0.0))
    (port,) = container["ports"]
    words = container["args"]
    assert listen_address(words[words.index("--listen") + 1]).port == port["containerPort"]
    paths = {
        name: container[f"{name}Probe"]["httpGet"]["path"] for name in ("startup", "liveness", "readiness")
    }
    assert paths == {"startup": "/healthz", "liveness": "/healthz", "readiness": "/readyz"}
    for name in paths:
        assert container[f"{name}Probe"]["httpGet"]["port"] == port["name"]
    assert set(paths.values()) <= served.keys()
    annotations = pods()["controller"]["metadata"]["annotations"]
    assert annotations["prometheus.io/port"] == str(port["containerPort"])


@BOTH
def test_two_pods_never_have_two_states(pod: Object) -> None:
    assert environment(main_container(pod))[REQUIRE_SHARED]
    assert environment(main_container(pod))["CI"]


@BOTH
def test_a_round_in_flight_has_time_to_end(pod: Object) -> None:
    assert pod["spec"]["terminationGracePeriodSeconds"] >= 600


def test_the_controller_goes_on_while_a_node_is_drained_or_it_is_upgraded() -> None:
    spec = controller()["spec"]
    (budget,) = of_kind("PodDisruptionBudget")
    assert spec["replicas"] == 2
    assert budget["spec"]["maxUnavailable"] == 1
    assert spec["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    labels = spec["template"]["metadata"]["labels"]
    assert spec["selector"]["matchLabels"].items() <= labels.items()
    assert budget["spec"]["selector"]["matchLabels"].items() <= labels.items()


def test_an_exit_code_is_an_answer_that_is_not_asked_for_again() -> None:
    spec = cron_job()["spec"]
    job = spec["jobTemplate"]["spec"]
    assert spec["concurrencyPolicy"] == "Forbid"
    assert 0 < spec["startingDeadlineSeconds"] < 15 * 60
    assert job["backoffLimit"] == 0
    assert job["activeDeadlineSeconds"] >= AN_HOUR
    assert job["template"]["spec"]["restartPolicy"] == "Never"
    (rule,) = job["podFailurePolicy"]["rules"]
    assert rule["onPodConditions"] == [{"type": "DisruptionTarget", "status": "True"}]


def test_nobody_may_connect_but_who_measures_and_nothing_but_https_and_names_goes_out() -> None:
    policies = {one["metadata"]["name"]: one["spec"] for one in of_kind("NetworkPolicy")}
    common = policies["ftops"]
    assert common["policyTypes"] == ["Ingress", "Egress"]
    assert common["ingress"] == []
    ports = {(port["protocol"], port["port"]) for rule in common["egress"] for port in rule["ports"]}
    assert ports == {("UDP", 53), ("TCP", 53), ("TCP", 443)}
    (scraped,) = policies["ftops-metrics"]["ingress"]
    assert [port["port"] for port in scraped["ports"]] == ["metrics"]
    assert scraped["from"]
    for policy in policies.values():
        matched = [pod for pod in pods().values() if _chosen(policy, pod)]
        assert len(matched) == (2 if policy is common else 1)


def _chosen(policy: Object, pod: Object) -> bool:
    return bool(policy["podSelector"]["matchLabels"].items() <= pod["metadata"]["labels"].items())


def test_both_pods_are_alike_but_for_how_often_they_work() -> None:
    one, other = pods().values()
    assert _without(one["spec"], "topologySpreadConstraints", "restartPolicy", "containers") == _without(
        other["spec"], "topologySpreadConstraints", "restartPolicy", "containers"
    )
    own = ("args", "ports", "startupProbe", "livenessProbe", "readinessProbe")
    assert _without(main_container(one), *own) == _without(main_container(other), *own)


def _without(told: Object, *names: str) -> Object:
    return {key: value for key, value in told.items() if key not in names}


def test_every_manifest_is_part_of_something_or_an_example() -> None:
    named = set()
    for path in KUBERNETES.rglob("kustomization.yaml"):
        (kustomization,) = documents(path)
        named |= {(path.parent / resource).resolve() for resource in kustomization["resources"]}
    assert {path for path in manifests() if path.name != "secret.example.yaml"} <= named

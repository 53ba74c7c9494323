"""What the dialect and the trainer lean on of how Ray runs a job. Ray 2.60.0."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.ray.cluster import ENDLESS, Cluster, new_id, package, package_uri
from tests.ray.head import Head

pytestmark = pytest.mark.slow

SAVES_SLOWLY = """
import signal, sys, time
def save(*_):
    print("SAVING", flush=True)
    time.sleep(5)
    print("SAVED", flush=True)
    sys.exit(143)
signal.signal(signal.SIGTERM, save)
print("READY", flush=True)
signal.pause()
"""
"""Five seconds: longer than Ray waits when nothing is told, shorter than what it is told."""

SHOWS_FOLDERS = """
import json, os
path = os.environ["PYTHONPATH"].split(os.pathsep)
here = {one: sorted(os.listdir(one)) for one in path}
read = open(os.path.join(path[0], "ftops_data", "x.jsonl")).read()
print("SAW", json.dumps({"cwd": os.getcwd(), "path": path, "here": here, "read": read}))
"""


@pytest.mark.parametrize(
    ("ending", "code"),
    [
        ("exit 65", 65),
        ("exit 69", 69),
        ("exit 75", 75),
        ("exit 143", 143),
        ("kill -9 $$", -9),
        ("kill -15 $$", -15),
    ],
)
def test_a_job_fails_with_the_exit_code_of_its_command(real: Cluster, ending: str, code: int) -> None:
    job = real.over(real.submit(ending))
    assert (job["status"], job["driver_exit_code"]) == ("FAILED", code)
    assert job["error_type"] == "JOB_ENTRYPOINT_COMMAND_ERROR"
    assert job["message"].startswith(f"Job entrypoint command failed with exit code {code}, last available")


def test_a_stopped_job_has_three_seconds_unless_it_is_told_more(real: Cluster) -> None:
    where = {"working_dir": real.put(package(**{"save.py": SAVES_SLOWLY}))}
    told = {"env_vars": {"RAY_JOB_STOP_WAIT_TIME_S": "100"}}
    for more, saved in (({}, False), (told, True)):
        job_id = real.submit("exec python save.py", runtime_env={**where, **more})
        real.says(job_id, "READY")
        assert real.stop(job_id)
        job = real.over(job_id)
        assert (job["status"], job["driver_exit_code"]) == ("STOPPED", None)
        assert "SAVING" in real.logs(job_id)
        assert ("SAVED" in real.logs(job_id)) == saved


def test_a_dollar_in_env_vars_is_expanded_on_the_node(real: Cluster) -> None:
    told = {"IN": "a${HOME}b", "BARE": "$HOME", "NONE": "<${NO_SUCH}>", "KEPT": "$no_such", "TWICE": "$$HOME"}
    show = "import os, json; print('SAW', json.dumps(dict(os.environ)), flush=True)"
    job_id = real.submit(f'exec python -c "{show}"', runtime_env={"env_vars": told})
    job = real.over(job_id)
    saw = _saw(real, job_id)
    home = saw["HOME"]
    assert job["runtime_env"]["env_vars"] == told
    assert {name: saw[name] for name in told} == {
        "IN": f"a{home}b",
        "BARE": home,
        "NONE": "<>",
        "KEPT": "$no_such",
        "TWICE": f"${home}",
    }


def test_packages_are_unpacked_as_they_are_and_found_by_the_python_path(real: Cluster) -> None:
    work = package(**{"job.json": "{}", "show.py": SHOWS_FOLDERS})
    first, second = (package(**{f"ftops_data/{name}.jsonl": new_id()}) for name in ("x", "y"))
    modules = [real.put(first), real.put(second)]
    job_id = real.submit(
        "exec python show.py", runtime_env={"working_dir": real.put(work), "py_modules": modules}
    )
    assert real.over(job_id)["status"] == "SUCCEEDED", real.logs(job_id)
    saw = _saw(real, job_id)
    folders = [
        package_uri(each).removeprefix("gcs://").removesuffix(".zip") for each in (first, second, work)
    ]
    assert [Path(each).name for each in saw["path"]] == folders
    assert saw["cwd"] == saw["path"][-1]
    assert list(saw["here"].values()) == [["ftops_data"], ["ftops_data"], ["job.json", "show.py"]]
    assert saw["read"].startswith("facts-")


def _saw(real: Cluster, job_id: str) -> dict[str, Any]:
    line = next(line for line in real.logs(job_id).splitlines() if line.startswith("SAW "))
    saw: dict[str, Any] = json.loads(line.removeprefix("SAW "))
    return saw


@pytest.mark.parametrize("field", ["working_dir", "py_modules"])
def test_a_package_that_is_missing_fails_the_job(real: Cluster, field: str) -> None:
    missing = package_uri(package(x=new_id()))
    wanted = missing if field == "working_dir" else [missing]
    job = real.over(real.submit(runtime_env={field: wanted}))
    assert (job["status"], job["driver_exit_code"]) == ("FAILED", None)
    assert job["error_type"] == "RUNTIME_ENV_SETUP_FAILURE"
    assert f"Failed to download runtime_env file package {missing}" in job["message"]


def test_a_package_that_was_not_asked_for_is_dropped_with_its_last_job(real: Cluster) -> None:
    asked, unasked = package(x=new_id()), package(x=new_id())
    modules = [real.put(asked), real.put(unasked)]
    assert real.has(asked)
    job_id = real.submit(ENDLESS, runtime_env={"py_modules": modules})
    real.until(lambda: real.job(job_id)["status"] == "RUNNING", "it does not run")
    real.stop(job_id)
    real.over(job_id)
    # A job after it: by its end, what the first one held was let go.
    real.over(real.submit())
    assert real.has(asked)
    assert not real.has(unasked)


def test_of_posts_at_once_one_runs(real: Cluster, tmp_path: Path) -> None:
    job_id, ran = new_id(), tmp_path / "ran"
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: real.post(job_id, f"echo once >> {ran}"), range(4)))
    assert real.over(job_id)["status"] == "SUCCEEDED"
    assert ran.read_text() == "once\n"


def test_a_stop_of_a_job_that_waits_takes_effect_when_its_resources_come(real: Cluster, head: Head) -> None:
    job_id = real.submit(ENDLESS, entrypoint_resources={"late": 1})
    assert real.stop(job_id)
    assert real.job(job_id)["status"] == "PENDING"
    head.add_node(late=1)
    job = real.over(job_id)
    assert job["status"] in {"STOPPED", "FAILED"}
    assert job["driver_exit_code"] in {None, -15}


def test_rows_of_drivers_are_in_the_list_without_an_id_of_ours(real: Cluster) -> None:
    connect = "import ray; ray.init()"
    job_id = real.submit(f"env -u RAY_JOB_CONFIG_JSON_ENV_VAR python -c '{connect}'")
    assert real.over(job_id)["status"] == "SUCCEEDED", real.logs(job_id)
    rows = [row for row in real.jobs() if row["type"] == "DRIVER"]
    assert rows
    assert {row["submission_id"] for row in rows} == {None}

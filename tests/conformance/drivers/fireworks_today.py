"""Drive the newest `fireworks-ai` against Fireworks' server as it answers today: 501 for what is closed."""

from tests.conformance.drivers import fireworks_newest as before
from tests.conformance.drivers.recording import CHAT_FILE, Checks, World

checks = Checks()


@checks.of("files create (closed)", "datasets.create", "datasets.upload")
def files_create(world: World) -> None:
    datasets = before.connect(world).datasets
    before.refused(501, lambda: datasets.create(dataset_id="new", dataset={"user_uploaded": {}}))
    before.refused(501, lambda: datasets.upload("new", file=("train.jsonl", CHAT_FILE)))


@checks.of("jobs create (closed)", "supervised_fine_tuning_jobs.create")
def create(world: World) -> None:
    jobs = before.connect(world).supervised_fine_tuning_jobs
    body = before.refused(501, lambda: jobs.create(dataset="old", base_model=before.MODEL))
    assert body["code"] == 12, body


@checks.of("jobs list", "supervised_fine_tuning_jobs.list", "dpo_jobs.list")
def list_jobs(world: World) -> None:
    client = before.connect(world)
    assert [*client.supervised_fine_tuning_jobs.list(), *client.dpo_jobs.list()] == []
    assert list(client.datasets.list()) == []


if __name__ == "__main__":
    checks.run("fireworks-ai")

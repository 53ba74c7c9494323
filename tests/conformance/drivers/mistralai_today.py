"""Drive `mistralai` 2.4.13 against Mistral's server as it answers today: it lists, and takes no job."""

from tests.conformance.drivers import mistralai_2_4 as before
from tests.conformance.drivers.recording import Checks, World

checks = Checks()


@checks.of("jobs create (closed)", "fine_tuning.jobs.create")
def create(world: World) -> None:
    body = before.refused(422, lambda: before.new_job(world, "none"))
    assert "Model not available for this type of fine-tuning (completion)." in body


@checks.of("jobs list", "fine_tuning.jobs.list")
def list_jobs(world: World) -> None:
    assert before.connect(world).fine_tuning.jobs.list().total == 0


if __name__ == "__main__":
    checks.run("mistralai")

"""`ftops.yaml`: what is read, what is refused, and that no key is ever shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from ftops.errors import InvalidInput
from ftops.manifests.project import load_project
from ftops.manifests.provider_checks import provider_findings
from ftops.model.project import (
    ACCOUNT,
    Encryption,
    EnvReference,
    FileReference,
    Limits,
    ProviderSettings,
    StateSettings,
)
from ftops.model.queue import Queue
from ftops.providers.registry import OURS, dialects
from tests.conftest import REPOSITORY
from tests.unit.manifests.workspace import Workspace

HEAD = "apiVersion: ftops/v1\nkind: Project\nmetadata: {name: demo}\nspec:\n"
EMULATED = '    local: {dialect: openai, base_url: "emulator:e.db"}\n'


def problems(workspace: Workspace, text: str) -> list[str]:
    workspace.write("ftops.yaml", text)
    with pytest.raises(InvalidInput) as caught:
        load_project(workspace.root, dialects())
    return [str(problem) for problem in caught.value.problems]


def priced(price: str) -> str:
    return f"{HEAD}  providers:\n{EMULATED}  prices: {{local: {{m: {price}}}}}\n"


def with_provider(settings: str) -> str:
    return f"{HEAD}  providers:\n    oa: {{dialect: openai, {settings}}}\n"


def test_everything_that_is_written_is_read(workspace: Workspace) -> None:
    workspace.write(
        "ftops.yaml",
        HEAD
        + """\
  manifests: [a/, b.yaml]
  state: here.json
  default_provider: oa
  providers:
    oa:
      dialect: openai
      base_url: https://api.example/v1
      api_key: {env: KEY}
      organization: {env: ORG}
      project: proj-1
      headers: {X-Team: support, X-Token: {env: TOKEN}, X-Portkey-Provider: azure}
      query: {custom_llm_provider: azure, trace: true, key: {env: TOKEN}}
      body: {custom_llm_provider: azure, tags: [a, 1]}
      timeout: 5
      send_window: 6.5
      settle: 7
      queue: {max_active: 3.0}
      emulator: {speed: 600}
  defaults: {suffix: x}
  limits: {max_creates: 4.0, max_cost: 10}
  prices: {oa: {m: {training_per_million_tokens: 3}}}
""",
    )
    project, _ = load_project(workspace.root, dialects())
    assert project.name == "demo"
    assert project.manifests == ("a/", "b.yaml")
    assert project.state == StateSettings("here.json")
    assert project.defaults == {"suffix": "x"}
    assert project.limits == Limits(max_creates=4, max_cost=10)
    assert project.prices == {"oa": {"m": {"training_per_million_tokens": 3}}}
    assert project.providers["oa"] == ProviderSettings(
        name="oa",
        dialect="openai",
        base_url="https://api.example/v1",
        api_key=EnvReference("KEY"),
        organization=EnvReference("ORG"),
        project="proj-1",
        headers={"X-Team": "support", "X-Token": EnvReference("TOKEN"), "X-Portkey-Provider": "azure"},
        query={"custom_llm_provider": "azure", "trace": True, "key": EnvReference("TOKEN")},
        body={"custom_llm_provider": "azure", "tags": ["a", 1]},
        timeout=5,
        send_window=6.5,
        settle=7,
        queue=Queue(max_active=3),
        emulator_speed=600,
    )


def test_what_is_not_written_has_the_documented_defaults(workspace: Workspace) -> None:
    workspace.write("ftops.yaml", f"{HEAD}  providers:\n{EMULATED}")
    project, _ = load_project(workspace.root, dialects())
    assert project.manifests == ("jobs/",)
    assert project.state == StateSettings(".ftops/state.json", 60.0, 10)
    assert project.encryption is None
    assert project.default_provider is None
    assert project.limits == Limits(25, 5, 30, None)
    assert project.providers["local"].settle == 900
    assert project.providers["local"].send_window == 60


def test_a_directory_without_a_project_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as caught:
        load_project(tmp_path, dialects())
    assert "`ftops init`" in str(caught.value.problems[0])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "ftops.yaml: is empty"),
        ("# nothing\n---\n", "ftops.yaml: is empty"),
        (f"{HEAD}  providers:\n{EMULATED}---\na: 1\n", "must hold one document, not 2"),
        ("- a\n", "ftops.yaml:1:1: must be a map, not a list"),
        (HEAD + "  providers: {}\n", "spec.providers: must not be empty"),
        (HEAD + "  manifests: []\n", "ftops.yaml:5:14: spec.manifests: must not be empty"),
        (HEAD + "  provider: {}\n", "unknown field 'provider' (did you mean 'providers'?)"),
        (HEAD + "  manifests: [a]\n", "ftops.yaml:4:1: spec: the field 'providers' is missing"),
        (f"{HEAD}  default_provider: locl\n  providers:\n{EMULATED}", "did you mean 'local'?"),
        (
            f"{HEAD}  providers:\n{EMULATED.replace('openai', 'opnai')}",
            "unknown dialect 'opnai' (did you mean",
        ),
        (f"{HEAD}  providers:\n{EMULATED}  state: {{lease: 1}}\n", "spec.state.lease: must be at least 5"),
        (f"{HEAD}  providers:\n{EMULATED}  state: {{ulr: x}}\n", "did you mean 'url'?"),
        (f"{HEAD}  providers:\n{EMULATED}  encryption: {{}}\n", "the field 'identity' is missing"),
        (
            f"{HEAD}  providers:\n{EMULATED}  encryption: {{identity: {{env: K}}, recipients: [me]}}\n",
            "an age recipient begins with age1",
        ),
        (f"{HEAD}  providers:\n{EMULATED}  prices: {{loca: {{}}}}\n", "unknown provider 'loca'"),
        (priced("{training_per_million_tokens: -3}"), "must be at least 0"),
        (priced("{training_per_million_tokens: cheap}"), "must be a number or a map, not the string 'cheap'"),
        (priced("{training_per_million_tokens: {dpo: -1}}"), "must be at least 0"),
        (priced("{gpu_hour: '2.5'}"), "must be a number"),
        (priced("{gpu_hour: 2, as_of: soon}"), "must be a date in quotes"),
        (f"{HEAD}  providers:\n{EMULATED}  policies: {{x: 1}}\n", "unknown field 'x'"),
        (f"{HEAD}  providers:\n{EMULATED.replace('local', 'Lo cal')}", "does not have the right form"),
        (with_provider("organization: o"), "the field 'api_key' is missing (write api_key: {env: NAME})"),
        (with_provider("api_key: {env: A}, base_url: nonsense"), "not an http(s) address"),
        (with_provider("api_key: {env: A}, base_url: 'ftp://x'"), "not an http(s) address"),
        (with_provider("api_key: {env: A}, timeout: 0"), "must be greater than 0, not the number 0"),
        (with_provider("api_key: {env: A}, timeout: '5'"), "the string '5' (write it without quotes)"),
        (with_provider("api_key: {env: A}, queue: {max_activ: 1}"), "did you mean 'max_active'?"),
        (with_provider("api_key: {env: A}, api_key: {env: B}"), "has the key 'api_key' twice"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(workspace: Workspace, text: str, told: str) -> None:
    assert told in "\n".join(problems(workspace, text))


def test_all_problems_are_told_at_once(workspace: Workspace) -> None:
    told = problems(
        workspace, HEAD + "  stat: x\n  manifests: 3\n  providers: {a: {}}\n  limits: {max_cost: x}\n"
    )
    assert len(told) == 4


@pytest.mark.parametrize("dialect", ["azure_openai", "openai_legacy", "litellm"])
def test_what_a_provider_lacks_is_told_at_once(workspace: Workspace, dialect: str) -> None:
    told = problems(workspace, f"{HEAD}  providers:\n    oa: {{dialect: {dialect}}}\n")
    assert [field for field in ("api_key", "base_url") for one in told if f"'{field}' is missing" in one] == [
        "api_key",
        "base_url",
    ]


SECRET = "sk-live-abcdef123456"


@pytest.mark.parametrize(
    "settings",
    [
        f"api_key: {SECRET}",
        f"api_key: [{SECRET}]",
        f"api_key: {{env: {SECRET}}}",
        f"api_key: {{{SECRET}: x}}",
        f"api_key: {{env: A, value: {SECRET}}}",
        f"api_key: {{env: A}}, headers: {{Authorization: Bearer {SECRET}}}",
        f"api_key: {{env: A}}, headers: {{X-Api-Key: {SECRET[3:]}abcdef123456}}",
        f"api_key: {{env: A}}, headers: {{X-Anything: {SECRET}}}",
        f"api_key: {{env: A}}, headers: {{X-Anything: [{SECRET}]}}",
        f"api_key: {{env: A}}, headers: {SECRET}",
        f"api_key: {{env: A}}, query: {{key: {SECRET}}}",
        f"api_key: {{env: A}}, body: {{key: Bearer {SECRET}}}",
        f"api_key: {{env: A}}, organization: {SECRET}",
        f"api_key: {{env: A}}, base_url: 'https://user:{SECRET}@host/v1'",
        f"api_key: {{env: A}}, base_url: {SECRET}",
    ],
)
def test_a_literal_key_is_refused_and_never_shown(workspace: Workspace, settings: str) -> None:
    told = "\n".join(problems(workspace, with_provider(settings)))
    assert "ftops.yaml:6" in told
    assert "abcdef123456" not in told


def test_a_literal_key_that_yaml_reads_as_a_number_is_not_shown_either(workspace: Workspace) -> None:
    told = problems(workspace, with_provider("api_key: 424242"))
    assert "must be a reference: a key must never be in a file" in told[0]
    assert "424242" not in told[0]


PASSWORD = "hunter2-hunter2"


@pytest.mark.parametrize(
    "state",
    [
        f"postgresql://ana:{PASSWORD}@db/ftops",
        f"https://ana:{PASSWORD}@git.example/state",
        f"postgresql://db/ftops?user=ana&password={PASSWORD}",
    ],
)
@pytest.mark.parametrize("form", ["  state: '{}'\n", "  state: {{url: '{}'}}\n"])
def test_a_password_in_the_address_of_the_state_is_refused_and_not_shown(
    form: str, state: str, workspace: Workspace
) -> None:
    (problem,) = problems(workspace, f"{HEAD}  providers:\n{EMULATED}{form.format(state)}")
    assert "contains a password" in problem
    assert PASSWORD not in problem


def test_an_identity_that_is_written_down_is_refused_and_not_shown(workspace: Workspace) -> None:
    told = problems(
        workspace, f"{HEAD}  providers:\n{EMULATED}  encryption: {{identity: AGE-SECRET-KEY-1X}}\n"
    )
    assert "must be a reference" in "\n".join(told)
    assert "AGE-SECRET" not in "\n".join(told)


def test_a_state_is_a_string_or_says_more(workspace: Workspace) -> None:
    written = """\
  state: {url: {env: FTOPS_STATE}, lease: 30, history: 5}
  encryption: {identity: {file: ~/age.txt}, recipients: [age1abc]}
"""
    workspace.write("ftops.yaml", f"{HEAD}  providers:\n{EMULATED}{written}")
    project, _ = load_project(workspace.root, dialects())
    assert project.state == StateSettings(EnvReference("FTOPS_STATE"), 30, 5)
    assert project.encryption == Encryption(FileReference("~/age.txt"), ("age1abc",))


@pytest.mark.parametrize("header", ["X-Keyspace", "X-Portkey-Virtual-Key", "X-Author", "X-Token-Limit"])
def test_a_header_is_no_credential_because_of_its_name(workspace: Workspace, header: str) -> None:
    workspace.write("ftops.yaml", with_provider(f"api_key: {{env: A}}, headers: {{{header}: team-7}}"))
    project, _ = load_project(workspace.root, dialects())
    assert project.providers["oa"].headers == {header: "team-7"}


@pytest.mark.parametrize(
    ("dialect", "extra"),
    [
        ("openai", "body: {model: other}"),
        ("openai", "body: {Metadata: x}"),
        ("openai", "body: {hyperparameters: 3}"),
        ("openai", "query: {after: x}"),
        ("openai", "query: {'metadata[ftops_nonce]': x}"),
        ("openai_legacy", "body: {n_epochs: 9}"),
        ("openai_legacy", "query: {stream: true}"),
    ],
)
def test_an_extra_is_never_a_field_of_ours(workspace: Workspace, dialect: str, extra: str) -> None:
    settings = with_provider(f"api_key: {{env: A}}, base_url: 'https://x/v1', {extra}")
    (told,) = problems(workspace, settings.replace("dialect: openai,", f"dialect: {dialect},"))
    assert f"is a field of dialect {dialect}: ftops sends it itself" in told
    assert "ftops.yaml:6" in told


def test_an_extra_is_a_plain_value(workspace: Workspace) -> None:
    told = problems(workspace, with_provider("api_key: {env: A}, body: {x: {y: 1}}"))
    assert any("y" in problem for problem in told)


@pytest.mark.parametrize("account", ["a/../b", "..", "''", "a/b"])
def test_an_account_is_one_part_of_an_address(workspace: Workspace, account: str) -> None:
    provider = f"dialect: fireworks, api_key: {{env: K}}, account: {account}"
    found = problems(workspace, f"{HEAD}  providers:\n    fw: {{{provider}}}\n")
    assert any("account" in problem for problem in found), found


def test_the_schema_and_the_provider_agree_on_what_an_account_is() -> None:
    assert ACCOUNT in (REPOSITORY / "schemas/project.v1.json").read_text()


@pytest.mark.parametrize("dialect", sorted(OURS))
@pytest.mark.parametrize("setting", ["organization", "project"])
def test_an_account_that_a_dialect_cannot_choose_is_refused_and_not_dropped(
    dialect: str, setting: str
) -> None:
    own = dialects()[dialect]
    provider = {"dialect": dialect, "api_key": {"env": "K"}, setting: "mine"}
    found = provider_findings(("p",), provider, {dialect: own})
    messages = [one.message for one in found if one.path == ("p", setting)]
    refused = [] if setting in own.settings else [f"dialect {dialect} has no setting {setting}"]
    assert messages == refused

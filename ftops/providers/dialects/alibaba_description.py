"""What people should know of Alibaba Model Studio."""

from __future__ import annotations

from ftops.model.job import JobStatus
from ftops.providers.description import Description, Document, Limit, Tested

READ = "2026-11-28"
_EMULATOR = "`ftops emulator`, over HTTP"

STATUSES = {
    "pending": JobStatus.PENDING,
    "queuing": JobStatus.PENDING,
    "running": JobStatus.RUNNING,
    "suspended": JobStatus.PAUSED,
    "canceling": JobStatus.CANCELLING,
    "succeeded": JobStatus.SUCCEEDED,
    "failed": JobStatus.FAILED,
    "canceled": JobStatus.CANCELLED,
}
"""The reference's seven, in lower case; `SUSPENDED` is in the client's list of task statuses only."""

DESCRIPTION = Description(
    title="Alibaba Model Studio",
    summary="`/fine-tunes` of Model Studio (Bailian, DashScope), for Qwen and other models.",
    home="https://www.alibabacloud.com/help/en/model-studio/fine-tuning-api-guide",
    service="alibaba",
    hosts=("dashscope.aliyuncs.com", "dashscope-intl.aliyuncs.com", "*.maas.aliyuncs.com"),
    regions={
        "dashscope.aliyuncs.com": "cn-beijing",
        "dashscope-intl.aliyuncs.com": "ap-southeast-1",
        "*.cn-beijing.maas.aliyuncs.com": "cn-beijing",
        "*.ap-southeast-1.maas.aliyuncs.com": "ap-southeast-1",
    },
    since="0.2.0",
    mark="nothing: no field of a create is documented to come back before the job has succeeded",
    at_most_one="By likeness: after a lost reply the job is recognised by our uploaded file, whose name "
    "carries the project, and by what it trains. Two that fit are held for a person.",
    documents=(
        Document(
            "Model tuning API reference (Chinese, updated 2026-02-11)",
            "https://help.aliyun.com/zh/model-studio/model-training-api-reference",
            READ,
        ),
        Document(
            "Create a tuning task (updated 2026-06-06)",
            "https://www.alibabacloud.com/help/en/model-studio/create-fine-tuning-job-api",
            READ,
        ),
        Document(
            "Query and manage files (updated 2026-10-11)",
            "https://www.alibabacloud.com/help/en/model-studio/get-file-api",
            READ,
        ),
        Document("source of dashscope 2.0.2", "https://pypi.org/project/dashscope/2.0.2/", READ),
    ),
    tested=(
        Tested("ftops's contract suite", _EMULATOR),
        Tested("the `dashscope` client 2.0.2", _EMULATOR),
    ),
    limits=(
        Limit("a data file", "300 MB"),
        Limit("jobs that run or have succeeded", "20 of an account: finished models have to be deleted"),
    ),
    statuses=STATUSES,
    notes=(
        "Nothing was tried on a live service.",
        (
            "One page says that the API is offered in Beijing alone, another shows it at `dashscope-intl`. "
            "For another region or a workspace's own host write `base_url`, ending with `/api/v1`."
        ),
        "`project` is the id of a workspace, sent as `X-DashScope-WorkSpace`.",
        "Times come without a zone, and are read as China's (UTC+8).",
        "Continual pre-training (`cpt`), reinforcement and data that is not JSONL are not offered.",
        (
            "A model is deployed at Model Studio. There is no list of fine-tuned models, and ftops deletes "
            "none."
        ),
        "`ftops events` shows the lines of the job's log; there are no metrics.",
    ),
)

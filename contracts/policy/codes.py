"""Stable codes of policies."""

from faults import declare

POLICY_NOT_FOUND = declare(
    "POLICY_NOT_FOUND",
    zh="没有该区划、险种在所指版本或日期的政策，请核对。",
    en="There is no policy of that region and insured type for the version or date; check them.",
)
POLICY_VERSION = declare(
    "POLICY_VERSION",
    zh="政策版本号须为现有最新版本加一；已发布的版本不能覆盖。",
    en="The version must be one above the latest; what was published is never overwritten.",
)
POLICY_KNOWN = declare(
    "POLICY_KNOWN",
    zh="该版本的异地政策已上链，无需重复存储。",
    en="This version of the remote policy is on the chain already.",
)
POLICY_CONFLICT = declare(
    "POLICY_CONFLICT",
    zh="同一版本的政策已上链且内容不同，已上链的内容不会被覆盖，请与发布方核对。",
    en="This version is on the chain with other content and stays; check with its publisher.",
)
POLICY_RULES_OVERLAP = declare(
    "POLICY_RULES_OVERLAP",
    zh="两条待遇规则适用于同一类就医，请明确其适用范围。",
    en="Two benefit rules apply to the same kind of visit; make their scopes distinct.",
)
POLICY_TOO_LARGE = declare(
    "POLICY_TOO_LARGE",
    zh="政策内容超过跨链传输上限，请减少规则数量或缩短文字。",
    en="The policy is larger than a packet carries; use fewer rules or shorter texts.",
)
POLICY_SERIES_FULL = declare(
    "POLICY_SERIES_FULL",
    zh="该区划和险种的政策版本数已达上限，请联系治理方。",
    en="The region's insured type has the most versions a record holds; ask governance.",
)
POLICY_NOT_LOCAL = declare(
    "POLICY_NOT_LOCAL",
    zh="只有本链发布的政策可以共享。",
    en="Only policies that this chain published can be shared.",
)

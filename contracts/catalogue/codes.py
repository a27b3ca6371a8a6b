"""Stable codes of catalogues."""

from faults import declare

CATALOGUE_NOT_FOUND = declare(
    "CATALOGUE_NOT_FOUND",
    zh="没有该区划的目录或该版本、分片，请核对。",
    en="There is no such catalogue, edition or chunk of this region; check the numbers.",
)
CATALOGUE_EDITION = declare(
    "CATALOGUE_EDITION",
    zh="目录版本号须为现有最新版本加一；已发布的版本不能覆盖。",
    en="The edition must be one above the latest; what was published is never overwritten.",
)
CATALOGUE_DRAFT_OPEN = declare(
    "CATALOGUE_DRAFT_OPEN",
    zh="上一版本尚未发布或放弃，请先完成该版本。",
    en="The edition before is still open; publish or abandon it first.",
)
CATALOGUE_NOT_DRAFT = declare(
    "CATALOGUE_NOT_DRAFT",
    zh="该目录版本已发布或已放弃，不能再修改。",
    en="The edition is published or abandoned and can't be changed any more.",
)
CATALOGUE_NOT_PUBLISHED = declare(
    "CATALOGUE_NOT_PUBLISHED",
    zh="该目录版本不是本链发布的有效版本，不能共享。",
    en="Only an edition that this chain has published can be shared.",
)
CATALOGUE_INCOMPLETE = declare(
    "CATALOGUE_INCOMPLETE",
    zh="已上链的目录项目数与声明的数量不一致，不能发布。",
    en="The items on the chain are not as many as the edition declared; add the rest first.",
)
CATALOGUE_CHUNK_ORDER = declare(
    "CATALOGUE_CHUNK_ORDER",
    zh="目录分片须按顺序上传，请从应传的分片继续。",
    en="Chunks come in order, each once; continue with the number expected.",
)
CATALOGUE_CHUNK_TOO_LARGE = declare(
    "CATALOGUE_CHUNK_TOO_LARGE",
    zh="目录分片超过数量或字节上限，请拆分。",
    en="The chunk holds more items or bytes than one packet carries; split it.",
)
CATALOGUE_ITEM_TWICE = declare(
    "CATALOGUE_ITEM_TWICE",
    zh="该项目编码在同一目录版本中重复出现。",
    en="The item's code stands in this edition already.",
)
CATALOGUE_ITEM_FULL = declare(
    "CATALOGUE_ITEM_FULL",
    zh="该目录项目的历史版本数已达上限，请联系治理方。",
    en="The item has the most versions a record holds; ask governance.",
)
CATALOGUE_CONFLICT = declare(
    "CATALOGUE_CONFLICT",
    zh="同一版本的目录内容与已上链的不同，已上链的内容不会被覆盖，请与发布方核对。",
    en="The same edition stands here with other content, which stays; check with its publisher.",
)
CATALOGUE_ITEM_KNOWN = declare(
    "CATALOGUE_ITEM_KNOWN",
    zh="该版本的异地目录项目已上链，无需重复存储。",
    en="This edition's version of the remote item is on the chain already.",
)

"""Stable codes of archives."""

from faults import declare

ARCHIVE_EXISTS = declare(
    "ARCHIVE_EXISTS",
    zh="该档号已上链，档案变更请办理更新。",
    en="An archive with this number is on the chain already; update it instead.",
)
ARCHIVE_NOT_FOUND = declare(
    "ARCHIVE_NOT_FOUND",
    zh="链上没有该档案，请核对档号。",
    en="There is no such archive on the chain; check its number.",
)
ARCHIVE_REVOKED = declare(
    "ARCHIVE_REVOKED",
    zh="该档案已撤销，不能再更新、授权、查阅或撤销。",
    en="The archive was revoked; it can't be updated, granted, read or revoked any more.",
)
ARCHIVE_NOT_CATALOGUED = declare(
    "ARCHIVE_NOT_CATALOGUED",
    zh="档案编目不完整，请补充所指著录项目后再上链。",
    en="The archive is not fully catalogued; fill in the element named first.",
)
ARCHIVE_CHECKS_INCOMPLETE = declare(
    "ARCHIVE_CHECKS_INCOMPLETE",
    zh="四性检测结果不完整：真实性、完整性、可用性、安全性均须有通过的检测项。",
    en="The checks are incomplete: each of the four properties needs an item that passed.",
)
ARCHIVE_CHECK_FAILED = declare(
    "ARCHIVE_CHECK_FAILED",
    zh="四性检测有未通过的检测项，请处理后重新检测。",
    en="An item of the four-property check failed; mend the archive and check it again.",
)
ARCHIVE_VERSION_STALE = declare(
    "ARCHIVE_VERSION_STALE",
    zh="档案已有其他版本，请按当前版本重新办理更新。",
    en="The update was not made from the archive's current version; make it from that one.",
)
ARCHIVE_MISMATCH = declare(
    "ARCHIVE_MISMATCH",
    zh="更新不能改变档案的归属类别或全宗，请核对所指字段。",
    en="An update can't change the archive's kind of owner or fonds; check the field named.",
)
NOT_ARCHIVE_KEEPER = declare(
    "NOT_ARCHIVE_KEEPER",
    zh="该档案由其他机构登记，只能由该机构或医保局办理。",
    en="Another organisation registered this archive; only that one or the bureau can do this.",
)
ARCHIVE_FOREIGN = declare(
    "ARCHIVE_FOREIGN",
    zh="该档案由另一条链搬运而来，只能在其来源链办理。",
    en="The archive was carried here from another chain; only that chain can do this.",
)
CARRY_PENDING = declare(
    "CARRY_PENDING",
    zh="该版本（或撤销）正在搬运，请等待对方链回执。",
    en="This version (or the revocation) is on its way; wait for the other chain's receipt.",
)
ALREADY_CARRIED = declare(
    "ALREADY_CARRIED",
    zh="该档案的当前状态已搬运并确认，无需重复搬运。",
    en="The archive as it stands was carried and confirmed; there is nothing more to carry.",
)
NEVER_CARRIED = declare(
    "NEVER_CARRIED",
    zh="该档案从未搬运至对方链，撤销无需搬运。",
    en="The archive never reached the other chain, so its revocation need not be carried.",
)
CARRY_FAILED = declare(
    "CARRY_FAILED",
    zh="上次搬运失败并已保存，请办理失败补偿。",
    en="The last carrying failed and is on record; compensate it instead.",
)
NOTHING_TO_COMPENSATE = declare(
    "NOTHING_TO_COMPENSATE",
    zh="该档案没有失败的搬运，无需补偿。",
    en="The archive has no failed carrying to compensate.",
)
NOT_CARRYING = declare(
    "NOT_CARRYING",
    zh="该档案或版本没有等待回执的搬运。",
    en="No carrying of this archive or version waits for a receipt.",
)

"""Whom the lists are asked about: an application's applicant and the institution of its bill."""

from contracts.reimbursement.lists import ACCOUNT, INDEX, INSTITUTION
from contracts.reimbursement.records import ApplicationRecord
from contracts.remote.records import RemoteBillRecord

Subjects = tuple[tuple[str, str], ...]


def subjects_of(application: ApplicationRecord, bill: RemoteBillRecord | None) -> Subjects:
    """(kind, subject) of everyone concerned; an empty subject is on no list."""
    return (
        (ACCOUNT, application.account_id),
        (INDEX, application.applicant_index),
        (INSTITUTION, application.public.issuer_code),
        (INSTITUTION, bill.public.issuer_code if bill is not None else ""),
    )

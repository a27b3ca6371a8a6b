"""Policy and catalogue files of regions that no other scenario has."""

import itertools
import json
from typing import Any

from documents.catalogue_csv import COLUMNS
from tests.scenarios.parties import Parties

DAY, DAY_BEFORE = "20240816", "20231231"
_numbers = itertools.count(1)


def fresh_region(parties: Parties, home: str, province: str = "46") -> str:
    """A region that governance gave to the chain `home`, there and on the national chain."""
    region = f"{province}{next(_numbers):04d}"
    for chain in {home, "national"}:
        parties[f"{chain} governance"].regions.assign(region, home_chain=home, reason="区划归属")
    return region


def policy(region: str, version: int = 1, **changes: Any) -> bytes:
    """A policy file (policy/1): inpatients of employees' insurance in class 3 institutions."""
    fields = {
        "format": "policy/1",
        "region": region,
        "insured_type": "310",
        "version": version,
        "title": "职工基本医疗保险待遇",
        "document_number": f"测医保规〔2024〕{version}号",
        "issued_date": "20231201",
        "effective_from": "20240101",
        "effective_to": None,
        "document_sm3": "ab" * 32,
        "rules": [
            {
                "visit_kinds": ["21"],
                "institution_level": "3",
                "person_types": ["11"],
                "deductible": "800.00",
                "deductible_per": "visit",
                "ceiling": "300000",
                "ceiling_per": "year",
                "segments": [{"up_to": "10000", "ratio": "0.85"}, {"ratio": "0.9"}],
                "segments_per": "visit",
                "remote_filed_minus": "0.05",
                "remote_unfiled_minus": "0.2",
            }
        ],
        **changes,
    }
    return json.dumps(fields, ensure_ascii=False).encode()


def catalogue(region: str, rows: int = 3, price: str = "12.50") -> bytes:
    """A catalogue file of `rows` items: a class 01 drug, then class 02 ones with 10 % first."""
    first = f"X00001,测试药1,{region},101,01,0,,{price},20240101,,1"
    others = (
        f"X{number:05d},测试药{number},{region},101,02,0.1000,,,20240101,,1"
        for number in range(2, rows + 1)
    )
    return "\n".join([",".join(COLUMNS), first, *others, ""]).encode()

"""The journey with real processes. Each test takes one step, then looks from outside, by the API.

What a step expects of itself is not repeated here: these are the outcomes its users would look at.
"""

import json
import urllib.request
from typing import Any

import pytest

from testnet.journey.run import STEPS
from testnet.journey.s9_evidence import verify
from testnet.journey.world import FIRST_BILL, RED_BILL, SETTLEMENTS, World, bill_state_key
from testnet.stage import FINANCE, NATIONAL, PROVINCE

pytestmark = [pytest.mark.processes, pytest.mark.timeout(180)]

FIRST = bill_state_key(FIRST_BILL)
KNOWN_PERSONAL = ("469900198403129992", "测试甲", "测试乙", "测试丙", "测试丁", "13800138000")


def take(world: World, number: int) -> list[str]:
    return list(STEPS[number].take(world))


def over_http(world: World, chain: str, path: str, node: int = 0) -> Any:
    address = f"http://{world.stage.http_address(chain, node)}{path}"
    with urllib.request.urlopen(address, timeout=10) as reply:
        return json.load(reply)


def codes(world: World, chain: str, key: str, action: str) -> list[str]:
    return [event["code"] for event in world.trace(chain, key) if event["action"] == action]


def test_step_0_an_account_is_opened_and_names_nobody(world: World) -> None:
    take(world, 0)
    account = world.record(PROVINCE, f"account/{world.accounts['archive']}")
    assert account is not None
    assert len(world.accounts["archive"]) == 32
    assert not any(known in json.dumps(account, ensure_ascii=False) for known in KNOWN_PERSONAL)


def test_step_1_finance_holds_the_blue_bills(world: World) -> None:
    take(world, 1)
    bill = world.bill(FINANCE, FIRST_BILL)
    assert bill["public"]["total_fen"] == 23140
    assert bill["public"]["color"] == "blue"
    assert bill["payload"]["suite"] == "intl"
    assert over_http(world, FINANCE, "/v1/status")["suite"] == "intl"


def test_step_2_the_province_has_them_with_the_same_commitment(world: World) -> None:
    lines = take(world, 2)
    here, there = world.bill(PROVINCE, FIRST_BILL), world.bill(FINANCE, FIRST_BILL)
    assert here["pcommit"] == there["pcommit"]
    assert (here["payload"]["suite"], there["payload"]["suite"]) == ("gm", "intl")
    assert here["account_id"] == world.accounts["archive"]
    assert here["home_chain"] == FINANCE
    assert len(world.client(PROVINCE).list_unbound()) == 4
    assert any("masked" in line for line in lines)


def test_step_3_settlements_attribute_and_agree(world: World) -> None:
    take(world, 3)
    for settlement_id, bill in SETTLEMENTS.values():
        record = world.bill(PROVINCE, bill)
        assert record["settlement_id"] == settlement_id
        assert record["account_id"] != ""
        assert record["verification"]["differences"] == []
    assert [one.object for one in world.client(PROVINCE).list_unbound()] == [
        "bill/46060124-0000000103"
    ]
    odd = world.bill(PROVINCE, ("46060124", "0000000103"))
    assert odd["account_id"] == ""
    assert len(odd["verification"]["differences"]) >= 5


def test_step_4_both_reads_are_transactions(world: World) -> None:
    take(world, 4)
    assert codes(world, PROVINCE, FIRST, "read") == ["OK", "NOT_AUTHORIZED"]


def test_step_5_one_reimbursement_only(world: World) -> None:
    take(world, 5)
    assert codes(world, PROVINCE, FIRST, "lock") == ["OK", "BILL_LOCKED", "BILL_ENTERED"]
    for chain in (PROVINCE, FINANCE):
        assert world.bill(chain, FIRST_BILL)["entry"]["amount_fen"] == 11544


def test_step_6_red_only_after_the_reversal(world: World) -> None:
    take(world, 6)
    assert "BILL_ENTERED" in codes(world, FINANCE, FIRST, "issue_red")
    for chain in (PROVINCE, FINANCE):
        blue, red = world.bill(chain, FIRST_BILL), world.bill(chain, RED_BILL[1])
        assert blue["flush"] == "red_flushed"
        assert blue["entry"] is None
        assert red["public"]["total_fen"] == -blue["public"]["total_fen"]


def test_step_7_the_national_chain_acknowledged(world: World) -> None:
    take(world, 7)
    for kind in ("settlement", "voucher"):
        here = world.record(PROVINCE, f"{kind}/300000900002")
        there = world.record(NATIONAL, f"{kind}/300000900002")
        assert here is not None
        assert there is not None
        assert here["report"] == "confirmed"
        assert here["pcommit"] == there["pcommit"]


def test_step_8_the_killed_validator_is_back(world: World) -> None:
    take(world, 8)
    statuses = [over_http(world, PROVINCE, "/v1/status", node=index) for index in range(4)]
    assert min(one["height"] for one in statuses) >= max(one["height"] for one in statuses) - 1


def test_step_9_the_evidence_convinces_a_stranger(world: World) -> None:
    take(world, 9)
    file = world.stage.folder / "bill.evidence.json"
    genesis = world.stage.genesis_file(PROVINCE)
    good = verify(file, genesis)
    assert good.returncode == 0, good.stderr
    assert json.loads(good.stdout)["events"] == len(world.trace(PROVINCE, FIRST))
    other = verify(file, world.stage.genesis_file(NATIONAL))
    assert other.returncode == 1


def test_nothing_personal_is_in_clear_in_stores_and_logs(world: World) -> None:
    found = [
        f"{path.relative_to(world.stage.folder)} holds {known[:3]}…"
        for path in sorted(world.stage.folder.rglob("*"))
        if path.is_file() and path.name != "bill.evidence.json"
        for known in KNOWN_PERSONAL
        if known.encode() in path.read_bytes()
    ]
    assert found == []


def test_the_log_lines_are_json(world: World) -> None:
    for process in world.stage.supervisor.processes.values():
        for line in process.log.read_text(encoding="utf-8").splitlines():
            assert isinstance(json.loads(line), dict), f"{process.name}: {line[:80]}"

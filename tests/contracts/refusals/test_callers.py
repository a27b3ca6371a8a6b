"""Every method: a correct request is taken, and refused from everybody who may not make it."""

import pytest
from google.protobuf.message import Message

from contracts.identity import IdentityRecord, identity_key
from contracts.permission import PermissionRecord, permission_key
from contracts.trace import record_class
from ledger.records import encode
from tests.contracts.harness import PEOPLE, Chain, key_bytes
from tests.contracts.refusals.scenes import METHODS, MORE_PEOPLE, NAMES, SCENES, Stage, play
from tests.contracts.refusals.trying import attempt, keep

EVERYBODY = {**PEOPLE, **MORE_PEOPLE}
each = pytest.mark.parametrize("name", NAMES)


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    return Stage(monkeypatch)


def test_every_method_has_its_scene_and_every_scene_its_method() -> None:
    assert sorted(SCENES) == NAMES


@each
def test_taken_once(name: str, stage: Stage) -> None:
    """The correct request is accepted; the same once more gets the code that is stated."""
    who, request = play(name, stage)
    first = attempt(stage.province, who, name, request)
    assert (first.code, dict(first.result.fields)) == ("OK", {})
    assert first.writes and first.result.events
    stage.province.call(who, name, request)
    second = attempt(stage.province, who, name, request)
    assert second.code == SCENES[name].again, dict(second.result.fields)
    second.documented()


@each
def test_nothing_it_refers_to_stands(
    name: str, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    who, request = play(name, stage)
    bare = Stage(monkeypatch)
    tried = attempt(bare.province, who, name, request)
    assert tried.code == SCENES[name].missing, dict(tried.result.fields)
    tried.documented()


@each
def test_wrong_callers(name: str, stage: Stage) -> None:
    """Wrong role; right role, but somebody else's object."""
    _, request = play(name, stage)
    roles, others = METHODS[name].rule.roles, SCENES[name].others
    for who, (_, own) in EVERYBODY.items():
        tried = attempt(stage.province, who, name, request)
        if roles and not set(own) & set(roles):
            tried.refused("NOT_PERMITTED")
            assert not tried.writes
        elif who in others:
            tried.refused(others[who])
        else:
            tried.documented()


@each
def test_unknown_and_revoked_keys(name: str, stage: Stage) -> None:
    who, request = play(name, stage)
    chain = stage.province
    attempt(chain, "nobody", name, request).refused("UNKNOWN_IDENTITY")
    attempt(chain, who, name, request, endorsers=["nobody"]).refused("UNKNOWN_IDENTITY")
    node = attempt(chain, "validator", name, request)  # a validator's node key, of no identity
    assert (node.code == "OK") == METHODS[name].rule.validators
    node.documented()
    revoke(chain, who)
    tried = attempt(chain, who, name, request)
    tried.refused("IDENTITY_REVOKED")
    assert not tried.writes


def revoke(chain: Chain, who: str) -> None:
    key = identity_key(key_bytes(who))
    record = chain.load(IdentityRecord, key)
    chain.state[key] = encode(record.changed(revoked_ms=chain.time_ms))


@each
def test_what_governance_permits(name: str, stage: Stage) -> None:
    """Another organisation's right, nobody's, and one that takes several."""
    who, request = play(name, stage)
    org, roles = EVERYBODY[who]
    strangers = (("ANY", ("org-nobody",), roles), ("ANY", (org,), ("auditor",)))
    for rule, orgs, wanted in (*strangers, ("FORBIDDEN", (), ()), ("SELF", ("org-nobody",), ())):
        permit(stage.province, name, rule, orgs, wanted)
        tried = attempt(stage.province, who, name, request)
        tried.refused("NOT_PERMITTED")
        assert not tried.writes
    permit(stage.province, name, "2", (org, "org-audit"), ())
    tried = attempt(stage.province, who, name, request)
    tried.refused("ENDORSEMENTS_MISSING")
    assert not tried.writes
    assert attempt(stage.province, who, name, request, endorsers=["auditor"]).code == "OK"


def permit(
    chain: Chain, name: str, rule: str, orgs: tuple[str, ...], roles: tuple[str, ...]
) -> None:
    record = PermissionRecord(rule=rule, orgs=orgs, roles=roles)
    chain.state[permission_key(*name.split("."))] = encode(record)


@each
def test_about_another_organisation(name: str, stage: Stage) -> None:
    """SELF: only a method that says whom it is about can be called, and only about oneself."""
    who, request = play(name, stage)
    permit(stage.province, name, "SELF", (), ())
    tried = attempt(stage.province, who, name, request)
    subject = METHODS[name].subject
    if subject is not None and subject(request) == EVERYBODY[who][0]:
        assert tried.code == "OK"
        return
    tried.refused("NOT_PERMITTED")
    assert not tried.writes


@each
def test_of_another_home_chain(name: str, stage: Stage) -> None:
    """What the scene's object says of its home decides where it has one."""
    who, request = play(name, stage)
    moved = move_home(stage, who, name, request)
    code = SCENES[name].foreign
    if code:
        assert moved
        attempt(stage.province, who, name, request).refused(code)
    else:
        attempt(stage.province, who, name, request).documented()


def move_home(stage: Stage, who: str, name: str, request: Message) -> bool:
    """Let every record that the request would change be at home elsewhere."""
    moved = False
    for key in attempt(stage.province, who, name, request).writes:
        for at in (key, *related(stage.province, key)):
            cls, raw = record_class(at), stage.province.state.get(at)
            if cls is None or raw is None:
                continue
            record = stage.province.load(cls, at)
            if hasattr(record, "home_chain"):
                stage.province.state[at] = encode(record.changed(home_chain="yl-elsewhere"))
                moved = True
    return moved


def related(chain: Chain, key: str) -> list[str]:
    """The region or edition that a catalogue's key stands under."""
    parts = key.split("/")
    if not parts[0].startswith("catalogue"):
        return []
    region = parts[1].split("-")[0]
    return [
        one for one in chain.state if one.split("/")[0] in ("region", "catalogue") and region in one
    ]


def test_keeping_is_what_a_call_does(stage: Stage) -> None:
    """`attempt` and `call` are the same operation, so what is tried is what would happen."""
    who, request = play("bill.lock", stage)
    chain = stage.province
    tried = attempt(chain, who, "bill.lock", request)
    before = dict(chain.state)
    chain.call(who, "bill.lock", request)
    after, chain.state = chain.state, before
    keep(chain, tried)
    assert chain.state == after

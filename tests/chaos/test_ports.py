"""Runs on one machine keep out of each other's ports."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from testnet.ports import BLOCK, HIGHEST, LOWEST, Block, NoPorts, free_ports
from tests.tidy.source import ROOT


def test_ports_are_distinct_and_come_in_turn(tmp_path: Path) -> None:
    block = Block(tmp_path)
    first, second = block.take(30), block.take(30)
    assert len({*first, *second}) == 60
    assert all(block.lowest <= port < block.lowest + BLOCK for port in (*first, *second))
    block.release()


def test_a_port_in_use_is_passed_over(tmp_path: Path) -> None:
    block = Block(tmp_path)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", block.lowest + 1))
        assert block.lowest + 1 not in block.take(5)
    with pytest.raises(NoPorts):
        block.take(BLOCK + 1)
    block.release()


def test_no_two_blocks_are_the_same_until_one_is_released(tmp_path: Path) -> None:
    blocks = [Block(tmp_path) for _ in range((HIGHEST - LOWEST) // BLOCK)]
    assert len({block.lowest for block in blocks}) == len(blocks)
    with pytest.raises(NoPorts):
        Block(tmp_path)
    blocks[0].release()
    assert Block(tmp_path).lowest == blocks[0].lowest
    for block in blocks[1:]:
        block.release()


def test_a_killed_program_lets_go_of_its_block(tmp_path: Path) -> None:
    script = (
        "import os, sys; from pathlib import Path; from testnet.ports import Block;"
        "print(Block(Path(sys.argv[1])).lowest, flush=True); os.kill(os.getpid(), 9)"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == -9
    lowest = int(done.stdout)
    blocks = [Block(tmp_path) for _ in range((HIGHEST - LOWEST) // BLOCK)]
    assert lowest in {block.lowest for block in blocks}
    for block in blocks:
        block.release()


def test_one_program_has_one_block() -> None:
    ports = free_ports(3) + free_ports(3)
    assert len({(port - LOWEST) // BLOCK for port in ports}) == 1

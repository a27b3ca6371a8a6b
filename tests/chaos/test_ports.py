"""Runs on one machine keep out of each other's ports."""

import socket
import subprocess
import sys

import pytest

from testnet.ports import BLOCK, HIGHEST, LOWEST, Block, NoPorts, free_ports
from tests.tidy.source import ROOT


def test_ports_are_distinct_and_come_in_turn() -> None:
    block = Block()
    first, second = block.take(30), block.take(30)
    assert len({*first, *second}) == 60
    assert all(block.lowest < port < block.lowest + BLOCK for port in (*first, *second))
    block.release()


def test_a_port_in_use_is_passed_over() -> None:
    block = Block()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", block.lowest + 2))
        assert block.lowest + 2 not in block.take(5)
    with pytest.raises(NoPorts):
        block.take(BLOCK)
    block.release()


def test_a_block_is_one_programs_until_it_is_released() -> None:
    block = Block()
    same = range(block.lowest, block.lowest + 1)
    with pytest.raises(NoPorts):
        Block(same)
    block.release()
    again = Block(same)
    assert again.lowest == block.lowest
    again.release()


def test_a_killed_program_lets_go_of_its_block() -> None:
    script = (
        "import os; from testnet.ports import Block;"
        "block = Block(); print(block.lowest, flush=True); os.kill(os.getpid(), 9)"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == -9
    lowest = int(done.stdout)
    block = Block(range(lowest, lowest + 1))
    assert block.lowest == lowest
    block.release()


def test_one_program_has_one_block() -> None:
    ports = free_ports(3) + free_ports(3)
    assert len({(port - LOWEST) // BLOCK for port in ports}) == 1
    assert all(LOWEST < port < HIGHEST for port in ports)
